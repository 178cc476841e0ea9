//! Every text that a query compares something with is a word of the vocabulary, or one of the queries' own. A
//! word that no column can hold would count nothing, and nobody would see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use crate::contract::TABLES;
use crate::query::{self, JOINED_VIEWS, VIEWS};
use crate::tables::{NAMES, SIGNALLER_NAMES};
use arrow::array::AsArray;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName,
    Subscript, Value, ValueWithSpan, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// What the queries call things by themselves: never a word that a column of a dataset holds.
#[rustfmt::skip]
const OWN: &[&str] = &[
    // Verdicts, in the order of their table.
    "validated", "partial", "refused", "testing_passing", "testing_failing", "withdrawn", "no_mail", "no_policy",
    "indeterminate",
    // Senders.
    "strict", "postfix_classic", "dane_first",
    // Stages of the catalogue, and their sums.
    "record", "policy", "policy_dns", "policy_tcp", "policy_tls", "policy_http", "policy_text", "mx", "smtp",
    "mx_tls", "mismatch", "companions", "tlsrpt", "dmarc", "any", "unknown",
    // What a finding counts as, beside the severities.
    "error", "transient", "info",
    // States of a policy.
    "usable", "unusable text", "undecided", "no text",
    // Transitions, and what is unknown of them.
    "came", "left", "first_seen_broken", "removed_after_none", "removed_without_none", "removal_not_observed",
    "mode_changed", "enforce_withdrawn", "id_changed_policy_same", "policy_changed_id_same", "broke", "repaired",
    "presence", "health",
    // States over time.
    "signals", "absent", "works", "broken", "open", "not in list", "not judged",
    // Episodes and their ends; what became of an MX set.
    "repair", "breakage", "removal", "adoption", "begun", "covered", "id changed", "neither", "no MX host",
    // Who manages what.
    "policy host", "MX", "DNS", "self", "third party", "unclassified",
    // What senders told beside what scans saw: types of policies, stages, states, verdicts.
    "sts", "tlsa", "no-policy-found", "host", "dane", "fault", "explained", "senders only", "scan only", "not looked at",
    "still", "other fault", "gone", "same type", "wider type", "scan", "reports", "safe", "not_safe", "too_little",
    // Names of rows and columns of tables; states that the queries give by themselves.
    "(alike)", "(all)", "(any)", "(itself)", "(no CNAME)", "(no mode)", "(none)", "(not known)", "(not recorded)",
    "(not seen)", "(others)", "(own domain)", "1 to 1000", "1 to 10000", "1 to 100000", "1 to 1000000",
    "100001 to 1000000", "10001 to 100000", "1001 to 10000", "Any error of the record", "CNAME target", "D1", "D2",
    "D3", "D4", "IPv4 alone", "IPv4 and IPv6", "IPv6 alone", "MX provider", "MX unknown", "above 10 years",
    "above 1000000", "adopters", "adopts", "all", "all invalid", "all valid", "ask to enforce it", "both own",
    "cipher", "common", "different providers", "every MX host passes", "have MX records", "have a usable policy",
    "have one valid record", "in the list", "invalid", "kept", "kept, expired", "key exchange", "mended", "no",
    "no policy", "no rank", "none", "not observed", "not signalling", "nothing", "other", "policy address",
    "policy elsewhere, mail own", "policy own, mail elsewhere", "post-quantum", "renewed",
    "renewed wrong", "same provider", "signal MTA-STS", "signallers", "some", "some invalid",
    "still invalid", "up to 1 day", "up to 1 hour", "up to 1 week", "up to 1 year", "up to 10 days",
    "up to 10 years", "up to 100 days", "up to 2 weeks", "up to 200 days", "up to 31557600 s", "up to 398 days",
    "up to 4 weeks", "up to 47 days", "up to 825 days", "valid", "version", "without the largest cluster",
    "without wildcards", "yes",
    // Parts of texts, and patterns.
    "", " ", " > ", "%.invalid", "%MLKEM%", "(not told)", "mx_cert_", "dane_", "*", "-", "--", ".", "0", ":", "_", "dmarc%", "tlsrpt%", "{domain-}", "{domain_}", "{domain}",
];

/// The words of each name that a column or a field may have, also of the names that the queries give them;
/// the names of tables and columns by which words are picked out of the table `words`; and severities and
/// result types of the catalogue.
fn vocabulary() -> BTreeMap<String, BTreeSet<String>> {
    let mut words: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, column, word) in super::all().unwrap() {
        let name = column.rsplit('.').next().unwrap().to_owned();
        words.entry(name).or_default().insert(word.word.clone());
        words.entry("column_name".to_owned()).or_default().insert(column);
    }
    words.insert("table_name".to_owned(), TABLES.map(str::to_owned).into());
    for (alias, of) in [
        ("code", "findings"),
        ("fault", "cert_faults"),
        ("tlsrpt", "tlsrpt_record"),
        ("mode", "policy_mode"),
        ("from_mode", "policy_mode"),
        ("to_mode", "policy_mode"),
        ("from_verdict", "verdict_strict"),
        ("to_verdict", "verdict_strict"),
    ] {
        words.insert(alias.to_owned(), words[of].clone());
    }
    let catalogue = crate::findings::catalogue().unwrap();
    for name in ["severity", "result_type"] {
        let column = catalogue.column_by_name(name).unwrap().as_string::<i32>();
        words.insert(name.to_owned(), column.iter().flatten().map(str::to_owned).collect());
    }
    // Of failures that senders told: the registered types (RFC 8460 section 4.3) that no finding of a scan
    // has, and two of the queries' own.
    let told = ["dane-required", "(none)", "(not told)"].map(str::to_owned);
    words.insert("told".to_owned(), words["result_type"].iter().cloned().chain(told).collect());
    words
}

/// The texts of a query: those that are no word of the column they are compared with, and those compared with
/// nothing that has words.
#[derive(Default)]
struct Texts {
    words: BTreeMap<String, BTreeSet<String>>,
    strange: Vec<String>,
    /// Places of texts that were looked at, as `line:column`.
    seen: BTreeSet<String>,
    others: BTreeMap<String, String>,
}

fn place(value: &ValueWithSpan) -> String {
    format!("{}:{}", value.span.start.line, value.span.start.column)
}

fn text(expression: &Expr) -> Option<(&ValueWithSpan, &str)> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some((value, text)),
            _ => None,
        },
        Expr::Nested(inner) => text(inner),
        _ => None,
    }
}

fn arguments<'e>(expression: &'e Expr, of: &str) -> Option<Vec<&'e Expr>> {
    let Expr::Function(function) = expression else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let each = |argument: &'e FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression),
        _ => None,
    };
    named(&function.name, of).then(|| list.args.iter().filter_map(each).collect())
}

fn named(name: &ObjectName, of: &str) -> bool {
    name.to_string().eq_ignore_ascii_case(of)
}

/// The last part of a column's name, or the field of a struct; through `coalesce(column, …)` too.
fn column(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
            AccessExpr::Subscript(Subscript::Index { index }) => Some(text(index)?.1.to_owned()),
            _ => None,
        },
        Expr::Nested(inner) => column(inner),
        _ => arguments(expression, "coalesce").and_then(|arguments| column(arguments.first()?)),
    }
}

impl Texts {
    /// Holds texts against the words of what they are compared with.
    fn compare<'e>(&mut self, with: &'e Expr, texts: impl IntoIterator<Item = &'e Expr>) {
        let Some(name) = column(with) else { return };
        let Some(words) = self.words.get(&name).cloned() else { return };
        let defaults = arguments(with, "coalesce").unwrap_or_default();
        for (value, text) in texts.into_iter().chain(defaults).filter_map(text) {
            self.seen.insert(place(value));
            if !words.contains(text) {
                self.strange.push(format!("'{text}' is not a word of {name}"));
            }
        }
    }
}

impl Visitor for Texts {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        match expression {
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => {
                self.compare(left, [right.as_ref()]);
                self.compare(right, [left.as_ref()]);
            }
            Expr::InList { expr, list, .. } => self.compare(expr, list),
            Expr::Case { operand: Some(operand), conditions, .. } => {
                self.compare(operand, conditions.iter().map(|CaseWhen { condition, .. }| condition));
            }
            Expr::CompoundFieldAccess { access_chain, .. } => {
                for access in access_chain {
                    if let AccessExpr::Subscript(Subscript::Index { index }) = access {
                        self.seen.extend(text(index).map(|(value, _)| place(value)));
                    }
                }
            }
            _ => {
                if let Some([list, sought]) = arguments(expression, "list_contains").as_deref() {
                    self.compare(list, [*sought]);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        if let Value::SingleQuotedString(text) = &value.value {
            self.others.insert(place(value), text.clone());
        }
        ControlFlow::Continue(())
    }
}

/// What is strange in a query, and its texts that are compared with no word.
fn texts(sql: &str) -> (Vec<String>, BTreeSet<String>) {
    let mut texts = Texts { words: vocabulary(), ..Texts::default() };
    let statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
    assert_eq!(statements.len(), 1, "{sql}");
    assert!(statements.visit(&mut texts).is_continue());
    let others = texts.others.into_iter().filter(|(place, _)| !texts.seen.contains(place));
    (texts.strange, others.map(|(_, text)| text).collect())
}

fn every_text() -> Vec<(String, String)> {
    let queries = query::all().into_iter().chain(query::joined()).map(|query| (query.name, query.sql));
    let views = VIEWS.iter().chain(&JOINED_VIEWS).map(|view| (view.name.to_owned(), view.sql.to_owned()));
    let names = [("names", NAMES), ("signaller_names", SIGNALLER_NAMES)];
    let names = names.into_iter().map(|(name, sql)| (name.to_owned(), sql.to_owned()));
    queries.chain(views).chain(names).collect()
}

#[test]
fn every_text_is_a_word_of_its_column_or_one_of_the_queries_own() {
    let (mut faults, mut used) = (Vec::new(), BTreeSet::new());
    for (name, sql) in every_text() {
        let (strange, others) = texts(&sql);
        faults.extend(strange.into_iter().map(|fault| format!("{name}: {fault}")));
        for text in others {
            if !OWN.contains(&text.as_str()) {
                faults.push(format!(
                    "{name}: '{text}' is compared with no word, and not one of the queries' own"
                ));
            }
            used.insert(text);
        }
    }
    faults.extend(OWN.iter().filter(|own| !used.contains(**own)).map(|own| format!("no query says '{own}'")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_word_that_no_column_has_is_found_wherever_it_stands() {
    for sql in [
        "SELECT 1 FROM t WHERE policy_outcome = 'excluded'",
        "SELECT 1 FROM t WHERE 'excluded' <> t.policy_outcome",
        "SELECT 1 FROM t WHERE coalesce(t.policy_outcome, 'excluded') = 'ok'",
        "SELECT CASE WHEN mx_kind NOT IN ('explicit', 'excluded') THEN 1 END FROM t",
        "SELECT CASE t.policy_mode WHEN 'excluded' THEN 1 ELSE 2 END FROM t",
        "SELECT count(*) FILTER (WHERE list_contains(findings, 'excluded')) FROM t",
        "SELECT 1 FROM (SELECT 2 FROM t WHERE dane[1]['outcome'] = 'excluded')",
        "SELECT 1 FROM t JOIN words AS w ON w.column_name = 'excluded'",
        "WITH c AS (SELECT 1 FROM t WHERE (verdict_strict) = ('excluded')) SELECT 2 FROM c",
    ] {
        let (strange, others) = texts(sql);
        assert!(
            strange.len() == 1 && strange[0].starts_with("'excluded' is not a word of "),
            "{sql}: {strange:?}"
        );
        assert!(!others.contains("excluded"), "{sql}");
    }
    let (strange, others) =
        texts("SELECT 'a' AS x FROM t WHERE mx[1]['host'] = 'b' AND policy_outcome = 'ok'");
    assert!(strange.is_empty());
    assert_eq!(others, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
}
