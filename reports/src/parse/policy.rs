//! The entries of `policies`, and their details.

use super::members::{Unread, is_null, items, text};
use super::{At, MOST_DETAILS, MOST_POLICIES, Object, Reader};
use crate::fault::Code;
use crate::report::{Failure, POLICY_TYPES, Policy, RESULT_TYPES};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::net::IpAddr;

/// Most strings of one policy-string or mx-host; a policy's text has at most 64 KiB.
const MOST_STRINGS: usize = 10_000;

const OF_POLICY: [&str; 4] = ["policy-type", "policy-string", "policy-domain", "mx-host"];
const SUCCESSFUL: &str = "total-successful-session-count";
const FAILED: &str = "total-failure-session-count";

impl Reader {
    pub(super) fn policies(&mut self, root: &mut Object<'_>, at: At<'_>) -> Vec<Policy> {
        let here = At::Member(&at, "policies");
        let Some(raw) = self.take(root, "policies", at) else {
            self.note(Code::report_policies_missing, here);
            return Vec::new();
        };
        match items(raw, MOST_POLICIES) {
            Ok(entries) => {
                let entries = entries.into_iter().enumerate();
                entries.map(|(number, entry)| self.policy(entry, At::Item(&here, number))).collect()
            }
            Err(Unread::TooMany) => {
                self.too_large(here);
                Vec::new()
            }
            Err(Unread::Other) => {
                self.note(Code::report_policies_type, here);
                root.members.push((Cow::Borrowed("policies"), raw));
                Vec::new()
            }
        }
    }

    fn policy(&mut self, raw: &RawValue, at: At<'_>) -> Policy {
        let Some(mut entry) = self.object(raw, at) else {
            self.note(Code::report_member_type, at);
            return Policy { other: Some(format!("{{\"\":{}}}", raw.get())), ..Policy::default() };
        };
        let mut policy = Policy::default();
        let here = At::Member(&at, "policy");
        let mut inner = self.inner(&mut entry, "policy", at);
        match &mut inner {
            Some(inner) => self.applied(inner, &mut policy, here),
            None if OF_POLICY.iter().any(|name| entry.members.iter().any(|(member, _)| member == name)) => {
                self.note(Code::report_policy_not_nested, at);
                self.applied(&mut entry, &mut policy, at);
            }
            None => self.note(Code::report_policy_missing, here),
        }
        let summed = At::Member(&at, "summary");
        let mut summary = self.inner(&mut entry, "summary", at);
        match &mut summary {
            Some(summary) => {
                policy.successful = self.count(summary, SUCCESSFUL, summed);
                policy.failed = self.count(summary, FAILED, summed);
            }
            None => self.note(Code::report_summary_missing, summed),
        }
        policy.failures = self.details(&mut entry, at);
        self.compare(&policy, at);
        let nothing = || Object { members: Vec::new() };
        let (inner, summary) = (inner.unwrap_or_else(nothing), summary.unwrap_or_else(nothing));
        let left = [("", &entry, at), ("policy.", &inner, here), ("summary.", &summary, summed)];
        let known = [&OF_POLICY[..], &["policy", "summary", "failure-details", SUCCESSFUL, FAILED]].concat();
        policy.other = self.other(&left, &known);
        policy
    }

    /// A member that is an object.
    fn inner<'a>(&mut self, entry: &mut Object<'a>, name: &'static str, at: At<'_>) -> Option<Object<'a>> {
        let raw = self.take(entry, name, at)?;
        let object = self.object(raw, At::Member(&at, name));
        if object.is_none() {
            self.unread(entry, name, raw, at);
        }
        object
    }

    fn applied(&mut self, from: &mut Object<'_>, policy: &mut Policy, at: At<'_>) {
        policy.policy_type = self.text(from, "policy-type", Some(Code::report_policy_type_missing), at);
        if policy.policy_type.as_deref().is_some_and(|word| !POLICY_TYPES.contains(&word)) {
            self.note(Code::report_policy_type_unknown, At::Member(&at, "policy-type"));
        }
        policy.strings =
            self.strings(from, "policy-string", "policy-string", Code::report_policy_string_text, at);
        if let Some(strings) = policy.strings.take() {
            policy.strings = Some(self.unpacked(strings, At::Member(&at, "policy-string")));
        }
        policy.domain = self.text(from, "policy-domain", Some(Code::report_policy_domain_missing), at);
        policy.mx_hosts = self.strings(from, "mx-host", "mx-host-pattern", Code::report_mx_host_text, at);
    }

    /// An array of strings; one string alone is a fault, and read as an array of it.
    fn strings<'a>(
        &mut self,
        from: &mut Object<'a>,
        name: &'static str,
        wrong: &str,
        alone: Code,
        at: At<'_>,
    ) -> Option<Vec<String>> {
        let raw = self.take_misnamed(from, name, wrong, at)?;
        if let Some(one) = text(raw) {
            self.note(alone, At::Member(&at, name));
            return Some(vec![one]);
        }
        let read = match items(raw, MOST_STRINGS) {
            Ok(items) => items.into_iter().map(text).collect::<Option<Vec<String>>>(),
            Err(Unread::Other) => None,
            Err(Unread::TooMany) => {
                self.too_large(At::Member(&at, name));
                None
            }
        };
        if read.is_none() {
            self.unread(from, name, raw, at);
        }
        read
    }

    /// Microsoft writes the TLSA records of a policy as one string that holds a JSON array.
    fn unpacked(&mut self, strings: Vec<String>, at: At<'_>) -> Vec<String> {
        let [one] = strings.as_slice() else { return strings };
        if !one.starts_with('[') {
            return strings;
        }
        match serde_json::from_str::<Vec<String>>(one) {
            Ok(inner) if inner.len() <= MOST_STRINGS => {
                self.note(Code::report_policy_string_packed, at);
                inner
            }
            _ => strings,
        }
    }

    /// A count of sessions.
    fn count<'a>(&mut self, from: &mut Object<'a>, name: &'static str, at: At<'_>) -> Option<i64> {
        let here = At::Member(&at, name);
        let Some(raw) = self.take(from, name, at) else {
            self.note(Code::report_count_missing, here);
            return None;
        };
        let written = text(raw);
        let digits = written.as_deref().unwrap_or_else(|| raw.get()).trim();
        let fault = match digits.parse::<i64>() {
            Ok(count) if count >= 0 => {
                if written.is_some() {
                    self.note(Code::report_count_text, here);
                }
                return Some(count);
            }
            _ if is_null(raw) => Code::report_member_null,
            _ if digits.starts_with('-') => Code::report_count_negative,
            _ => Code::report_count_invalid,
        };
        self.note(fault, here);
        from.members.push((Cow::Borrowed(name), raw));
        None
    }

    fn details(&mut self, entry: &mut Object<'_>, at: At<'_>) -> Option<Vec<Failure>> {
        let here = At::Member(&at, "failure-details");
        let raw = self.take(entry, "failure-details", at)?;
        let left = MOST_DETAILS - self.details;
        match items(raw, left) {
            Ok(items) => {
                self.details += items.len();
                let items = items.into_iter().enumerate();
                Some(items.map(|(number, item)| self.failure(item, At::Item(&here, number))).collect())
            }
            Err(Unread::TooMany) => {
                self.too_large(here);
                None
            }
            Err(Unread::Other) if is_null(raw) => {
                self.note(Code::report_details_null, here);
                None
            }
            Err(Unread::Other) => {
                self.note(Code::report_details_type, here);
                entry.members.push((Cow::Borrowed("failure-details"), raw));
                None
            }
        }
    }

    fn failure(&mut self, raw: &RawValue, at: At<'_>) -> Failure {
        const INFORMATION: &str = "additional-information";
        let Some(mut from) = self.object(raw, at) else {
            self.note(Code::report_details_type, at);
            return Failure { other: Some(format!("{{\"\":{}}}", raw.get())), ..Failure::default() };
        };
        let mut failure = Failure {
            result_type: self.text(&mut from, "result-type", Some(Code::report_result_type_missing), at),
            sending_ip: self.address(&mut from, "sending-mta-ip", at),
            receiving_helo: self.text(&mut from, "receiving-mx-helo", None, at),
            receiving_ip: self.address(&mut from, "receiving-ip", at),
            failed: self.count(&mut from, "failed-session-count", at),
            reason_code: self.text(&mut from, "failure-reason-code", None, at),
            ..Failure::default()
        };
        for (name, wrong, place) in [
            ("receiving-mx-hostname", "receiving-mx-host-name", &mut failure.receiving_mx),
            (INFORMATION, "additional-info-uri", &mut failure.additional_information),
        ] {
            let Some(raw) = self.take_misnamed(&mut from, name, wrong, at) else { continue };
            *place = text(raw);
            if place.is_none() {
                self.unread(&mut from, name, raw, at);
            }
        }
        if failure.result_type.as_deref().is_some_and(|word| !RESULT_TYPES.contains(&word)) {
            self.note(Code::report_result_type_unknown, At::Member(&at, "result-type"));
        }
        if failure.receiving_helo.as_deref().is_some_and(|helo| helo.trim_end().contains(['\r', '\n'])) {
            self.note(Code::report_helo_reply, At::Member(&at, "receiving-mx-helo"));
        }
        let known = [
            "result-type",
            "sending-mta-ip",
            "receiving-mx-hostname",
            "receiving-mx-helo",
            "receiving-ip",
            "failed-session-count",
            INFORMATION,
            "failure-reason-code",
        ];
        failure.other = self.other(&[("", &from, at)], &known);
        failure
    }

    fn address(&mut self, from: &mut Object<'_>, name: &'static str, at: At<'_>) -> Option<String> {
        let address = self.text(from, name, None, at)?;
        if address.parse::<IpAddr>().is_err() {
            self.note(Code::report_address_invalid, At::Member(&at, name));
        }
        Some(address)
    }

    fn compare(&mut self, policy: &Policy, at: At<'_>) {
        let here = At::Member(&at, "failure-details");
        let Some(failed) = policy.failed else { return };
        match (&policy.failures, policy.failed_in_details()) {
            (_, Some(sum)) if sum != failed => self.note(Code::report_details_sum, here),
            (None, _) if failed > 0 => self.note(Code::report_details_absent, here),
            (Some(failures), _) if failed > 0 && failures.is_empty() => {
                self.note(Code::report_details_absent, here);
            }
            _ => {}
        }
    }
}
