#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;
use std::path::Path;

fn from_text(text: &str) -> Result<ScanPlan, PlanError> {
    let mut plan = ScanPlan::defaults();
    for typed in file::parse(text, Path::new("scan.toml"))? {
        plan.apply(typed)?;
    }
    plan.check_across()?;
    Ok(plan)
}

fn message(text: &str) -> String {
    from_text(text).unwrap_err().to_string()
}

#[test]
fn a_value_out_of_range_names_line_range_and_default() {
    assert_eq!(
        message("[dns]\n\n[pace]\ndns_in_flight = 0\n"),
        "scan.toml:4: `pace.dns_in_flight` is 0, must be 1 to 50000 (default 1000)"
    );
    assert!(message("[deadlines]\ndns = \"1h\"").starts_with("scan.toml:2: `deadlines.dns` is \"1h\""));
    assert!(message("[smtp]\nport = 65536").contains("must be 1 to 65535"));
    assert!(message("[scan]\nshard = \"3/2\"").contains("must be i/n"));
    assert!(message("[tls]\ntrust = \"nowhere.pem\"").contains("which is not a file"));
}

#[test]
fn an_unknown_key_or_section_names_those_there_are() {
    assert_eq!(
        message("[deadlines]\nsmpt = \"1s\""),
        "scan.toml:2: unknown key `smpt` in `[deadlines]`; known keys: dns, policy, smtp, banner"
    );
    assert!(
        message("[peace]\nx = 1")
            .starts_with("scan.toml:2: unknown section `[peace]`; known sections: dns, policy_host")
    );
    assert!(message("seed = 1").contains("is outside any section"));
    assert!(message("[scan").starts_with("scan.toml:1: not TOML"));
}

#[test]
fn a_banner_deadline_beyond_the_whole_is_refused() {
    assert!(message("[deadlines]\nsmtp = \"10s\"\nbanner = \"20s\"").contains("must not be longer"));
}

#[test]
fn flags_override_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("scan.toml");
    std::fs::write(&config, "[pace]\ndns_rate = 7\n[scan]\nseed = 3\n").unwrap();
    let flag = Typed { key: "pace.dns_rate".into(), values: vec!["9".into()], origin: Origin::Flag };
    let plan = ScanPlan::build(Vec::new(), Some(&config), vec![flag]).unwrap();
    assert_eq!((plan.pace.dns_rate, plan.seed), (9, 3));
    assert_eq!(plan.origin("dns_rate"), Origin::Flag);
    assert_eq!(plan.origin("seed"), Origin::File { path: config, line: 4 });
}

#[test]
fn the_printed_plan_reads_back_as_itself() {
    let text = "[dns]\nresolvers = [\"192.0.2.53\", \"[2001:db8::1]:5353\"]\n[scan]\ncompanions = [\"dmarc\"]\nsecond_look = \"90m\"\nstarttls = \"none\"\n[identity]\nehlo_name = \"scan.example.org\"\ncontact = \"a@example.org\"\n";
    let plan = from_text(text).unwrap();
    let again = from_text(&plan.as_toml()).unwrap();
    let recorded =
        [plan.meaning(), plan.manners()].iter().flat_map(|v| ScanPlan::recorded(v).unwrap()).collect();
    let resumed = ScanPlan::build(recorded, None, Vec::new()).unwrap();
    assert_eq!((resumed.meaning(), resumed.manners()), (plan.meaning(), plan.manners()));
    assert_eq!(plan.meaning(), again.meaning());
    assert_eq!(plan.manners(), again.manners());
}

#[test]
fn dmarc_is_asked_for_only_where_it_is_wanted() {
    let companions = |text: &str| from_text(&format!("[scan]\ncompanions = {text}")).unwrap().companions;
    assert_eq!(ScanPlan::defaults().companions, []);
    assert!(companions("[]").is_empty() && companions("[\"none\"]").is_empty());
    assert_eq!(companions("[\"dmarc\", \"dmarc\"]"), [Companion::Dmarc]);
    assert_eq!(
        message("[scan]\ncompanions = [\"spf\"]"),
        "scan.toml:2: `scan.companions` is \"spf\", must be dmarc, or none (default none)"
    );
}

#[test]
fn the_defaults_in_words_are_the_defaults() {
    let plan = ScanPlan::defaults();
    let in_words = ["the system's (/etc/resolv.conf)", "the machine's host name", "none"];
    for setting in SETTINGS.iter().filter(|s| !in_words.contains(&s.default)) {
        assert_eq!((setting.show)(&plan).trim_matches('"'), setting.default, "{}", setting.path);
    }
}

#[test]
fn what_is_typed_cannot_break_a_protocol_line() {
    assert!(message("[identity]\nehlo_name = \"a\\r\\nRCPT TO:<x>\"").contains("must be a host name"));
    for address in ["10.40.0.1", "192.0.2", "[192.0.2.1]", "2001:db8::1"] {
        let said = message(&format!("[identity]\nehlo_name = \"{address}\""));
        assert!(said.contains("must be a host name, no address"), "{said}");
    }
    assert!(message("[identity]\ncontact = \"a@b.c\\r\\nX: y\"").contains("must be a mail address"));
}

#[test]
fn only_who_left_it_open_is_given_the_resolvers_of_the_machine() {
    let fallen_back = |settings: &[(&str, &str)]| {
        let typed = settings.iter().map(|(key, value)| Typed {
            key: (*key).to_owned(),
            values: vec![(*value).to_owned()],
            origin: Origin::Flag,
        });
        let mut plan = ScanPlan::build(Vec::new(), None, typed.collect()).unwrap();
        (plan.falls_back_on_the_system(), plan.resolvers)
    };
    assert_eq!(fallen_back(&[]), (true, Resolvers::System));
    assert_eq!(fallen_back(&[("dns.resolvers", "none")]), (false, Resolvers::None));
    assert_eq!(
        fallen_back(&[("targets.allow_private", "true"), ("dns.authority_port", "5300")]),
        (false, Resolvers::None)
    );
    assert!(!fallen_back(&[("dns.resolvers", "192.0.2.53")]).0);
}
