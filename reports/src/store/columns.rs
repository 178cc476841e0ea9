//! The tables: every column, its type, and what it means. The Arrow schemas, the dictionary beside the data
//! and the committed `reports.json` (which the analysis reads) are made from it.

use super::cell::{self, Cell, FaultSeen, Time};
use super::rows::{FailureRow, PolicyRow, ReportRow};
use crate::fault;
use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Version of the tables' layout, `major.minor`. A reader refuses another major version.
pub const SCHEMA_VERSION: &str = "1.0";

/// A column as the dictionary lists it.
#[derive(Debug)]
pub struct Column {
    /// Its name in the files.
    pub name: &'static str,
    /// Its type, as `columns.json` names types.
    pub kind: &'static str,
    /// Whether null occurs.
    pub nullable: bool,
    /// What the value means, with unit, words, what null is, and source.
    pub meaning: &'static str,
    data_type: fn() -> DataType,
}

/// A table as the dictionary lists it.
#[derive(Debug)]
pub struct Table {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// What one row stands for.
    pub row: &'static str,
    /// Its columns in the order of the files.
    pub columns: &'static [Column],
}

impl Table {
    pub(super) fn schema(&self) -> SchemaRef {
        let field = |column: &Column| Field::new(column.name, (column.data_type)(), column.nullable);
        let fields: Vec<Field> = self.columns.iter().map(field).collect();
        let about = HashMap::from([("schema_version".to_owned(), SCHEMA_VERSION.to_owned())]);
        Arc::new(Schema::new_with_metadata(fields, about))
    }
}

/// Rows of a table.
pub(super) trait Rows: Sized {
    const TABLE: &'static Table;

    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError>;
}

macro_rules! table {
    ($(#[$about:meta])* $table:ident = $name:literal, $stands:literal; $row:ident: $from:ty {
        $($column:ident: $type:ty = $value:expr, $meaning:literal;)+
    }) => {
        $(#[$about])*
        pub const $table: Table = Table {
            name: $name,
            row: $stands,
            columns: &[$(Column {
                name: stringify!($column),
                kind: <$type as Cell>::KIND,
                nullable: <$type as Cell>::NULLABLE,
                meaning: $meaning,
                data_type: <$type as Cell>::data_type,
            },)+],
        };

        impl Rows for $from {
            const TABLE: &'static Table = &$table;

            fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
                Ok(vec![$(cell::array(rows.iter().map(|$row| $value))?,)+])
            }
        }
    };
}

table! {
    /// The table `reports`.
    REPORTS = "reports", "One report, as it was read."; row: ReportRow {
        report: i64 = row.number,
            "Number of the report in this folder, from 1, in the order of reading; the other tables name it.";
        key: &'static str = row.key.as_str(),
            "What two reports share that are the same report: the first 16 bytes of SHA-256 over organization, report-id, policy domains in their order, and begin (of a report without report-id also sha256), in hexadecimal.";
        sha256: &'static str = row.sha256.as_str(),
            "SHA-256 of the report's JSON text as it was read, unpacked and without white space around it, in hexadecimal.";
        source: &'static str = row.source.as_str(),
            "Where it was read: the file, after # the number of the mail in a mailbox, after / the part of a mail or the member of an archive. Control characters are escaped.";
        form: &'static str = row.form,
            "What the JSON was carried in: json (as it is), gzip or zip.";
        received_at: Option<Time> = row.received_at.map(Time),
            "When the report was received, as received_from says; null for a report in a file of its own.";
        received_from: Option<&'static str> = row.received_from,
            "Who says so: received (the topmost Received of the mail), date (the mail's Date, where there is no Received), upload (this program took the upload); null where received_at is null.";
        late_seconds: Option<i64> = row.late_seconds,
            "Seconds from the end of the range to received_at; below 0 where it was received before that; null where either is null.";
        organization: Option<&'static str> = row.organization.as_deref(),
            "organization-name (RFC 8460 section 4.4); null where it is missing or no text.";
        contact: Option<&'static str> = row.contact.as_deref(),
            "contact-info (RFC 8460 section 4.4); null where it is missing, null or no text.";
        report_id: Option<&'static str> = row.report_id.as_deref(),
            "report-id (RFC 8460 section 4.4); null where it is missing or no text.";
        begin_at: Option<Time> = row.begin.map(Time),
            "start-datetime, the first moment that is covered (RFC 8460 section 4.4); read as UTC where it has no zone; null where it is missing or no time.";
        end_at: Option<Time> = row.end.map(Time),
            "end-datetime, the last moment that is covered, or the first that is not: senders differ; read as begin_at is.";
        policies: i32 = row.policies,
            "Entries of policies.";
        successful: Option<i64> = row.successful,
            "Sessions that succeeded, all policies together; null where no policy has the count.";
        failed: Option<i64> = row.failed,
            "Sessions that failed, all policies together, as the summaries say; null where no policy has the count.";
        mail_domain: Option<&'static str> = row.mail_domain.as_deref(),
            "The domain that the mail says the report is about: TLS-Report-Domain (RFC 8460 section 5.3), else the subject (section 5.4); null where there is neither or no mail.";
        mail_submitter: Option<&'static str> = row.mail_submitter.as_deref(),
            "Who sends the report by the mail: TLS-Report-Submitter, else the subject; null where there is neither or no mail.";
        mail_report_id: Option<&'static str> = row.mail_report_id.as_deref(),
            "Report-ID of the mail's subject without brackets; null where there is none or no mail.";
        valid: bool = row.valid,
            "Whether it is as RFC 8460 has it: none of its faults is a warning or an error.";
        faults: &'static [FaultSeen] = row.faults.as_slice(),
            "Its faults by code: where the first is (a normalized path, RFC 9535 section 2.7), and how many are listed, at most 1000 in one report; empty where there are none.";
        faults_unlisted: i64 = row.faults_unlisted,
            "Faults beyond those that are listed.";
        superseded: bool = row.superseded,
            "Whether a later report has the same key and other content: then that one counts, and this one does not. Later is received later; where that is not known of both, read later.";
        other: Option<&'static str> = row.other.as_deref(),
            "Members of the report and of its date-range that RFC 8460 does not have, or that could not be read, as a JSON object; null where there are none.";
    }
}

table! {
    /// The table `policies`.
    POLICIES = "policies", "One entry of a report's policies."; row: PolicyRow {
        report: i64 = row.report,
            "Number of the report.";
        policy: i32 = row.number,
            "Number of the entry in the report, from 0.";
        policy_type: Option<&'static str> = row.policy.policy_type.as_deref(),
            "policy-type: tlsa, sts, no-policy-found, or whatever stood there (RFC 8460 section 4.4); null where it is missing or no text.";
        policy_domain: Option<&'static str> = row.policy.domain.as_deref(),
            "policy-domain, as it is written; null where it is missing or no text.";
        mode: Option<&'static str> = row.policy.mode(),
            "The mode that policy_strings say, of an sts policy: enforce, testing, none, or whatever stood there; null where there is none.";
        policy_strings: Option<&'static [String]> = row.policy.strings.as_deref(),
            "policy-string: the lines of the policy, or its TLSA records; null where it is missing or no text.";
        mx_hosts: Option<&'static [String]> = row.policy.mx_hosts.as_deref(),
            "mx-host: the patterns of the policy, or the MX host whose TLSA records they are; null where it is missing or no text.";
        successful: Option<i64> = row.policy.successful,
            "total-successful-session-count, in sessions; null where it is missing or no count.";
        failed: Option<i64> = row.policy.failed,
            "total-failure-session-count, in sessions; null where it is missing or no count.";
        failures: Option<i32> = row.failures,
            "Entries of failure-details; null where it is missing or null.";
        failed_in_details: Option<i64> = row.failed_in_details,
            "What failure-details add up to, in sessions; null where there are none, or one has no count.";
        other: Option<&'static str> = row.policy.other.as_deref(),
            "Members of the entry, of its policy and of its summary that RFC 8460 does not have, or that could not be read, as a JSON object; null where there are none.";
    }
}

table! {
    /// The table `failures`.
    FAILURES = "failures", "One entry of a policy's failure-details."; row: FailureRow {
        report: i64 = row.report,
            "Number of the report.";
        policy: i32 = row.policy,
            "Number of the policy in the report, from 0.";
        failure: i32 = row.number,
            "Number of the entry in the policy, from 0.";
        result_type: Option<&'static str> = row.failure.result_type.as_deref(),
            "result-type (RFC 8460 section 4.3), or whatever stood there; null where it is missing or no text.";
        failed: Option<i64> = row.failure.failed,
            "failed-session-count, in sessions; null where it is missing or no count.";
        sending_ip: Option<&'static str> = row.failure.sending_ip.as_deref(),
            "sending-mta-ip, as it is written; null where it is missing or no text.";
        receiving_mx: Option<&'static str> = row.failure.receiving_mx.as_deref(),
            "receiving-mx-hostname, as it is written; null where it is missing or no text.";
        receiving_helo: Option<&'static str> = row.failure.receiving_helo.as_deref(),
            "receiving-mx-helo, as it is written: some senders give the whole reply; null where it is missing or no text.";
        receiving_ip: Option<&'static str> = row.failure.receiving_ip.as_deref(),
            "receiving-ip, as it is written; null where it is missing or no text.";
        additional_information: Option<&'static str> = row.failure.additional_information.as_deref(),
            "additional-information, a URI; null where it is missing or no text.";
        reason_code: Option<&'static str> = row.failure.reason_code.as_deref(),
            "failure-reason-code, free text; null where it is missing or no text.";
        other: Option<&'static str> = row.failure.other.as_deref(),
            "Members of the entry that RFC 8460 does not have, or that could not be read, as a JSON object; null where there are none.";
    }
}

/// All tables.
pub const TABLES: [&Table; 3] = [&REPORTS, &POLICIES, &FAILURES];

/// The dictionary: every column and every fault's code, with its meaning; with a line end at the end.
#[must_use]
pub fn dictionary() -> String {
    let column = |column: &Column| {
        json!({
            "name": column.name,
            "type": column.kind,
            "nullable": column.nullable,
            "meaning": column.meaning,
        })
    };
    let tables: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table.columns.iter().map(column).collect();
            json!({"name": table.name, "row": table.row, "columns": columns})
        })
        .collect();
    let faults: Vec<Value> = fault::ALL
        .iter()
        .map(|one| {
            json!({
                "code": one.code.as_str(),
                "severity": one.severity.as_str(),
                "title": one.title,
                "advice": one.advice,
                "source": one.source,
                "columns": one.columns,
            })
        })
        .collect();
    format!("{:#}\n", json!({"schema_version": SCHEMA_VERSION, "tables": tables, "faults": faults}))
}
