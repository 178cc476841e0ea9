//! The scanner's own source, as far as the map needs it: files, what each defines, and what each takes from
//! where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file of `src`, tests taken out.
pub(crate) struct Source {
    /// Its path below `src`.
    pub(crate) path: PathBuf,
    /// Its module, from the crate's root: `["tls", "judge"]`.
    pub(crate) module: Vec<String>,
    /// Its code without comments and tests.
    pub(crate) code: String,
}

impl Source {
    /// The first part of its module: a folder of `src`, or a file beside them.
    pub(crate) fn folder(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// Every path that it takes something from, from the crate's root, with whether it only passes it on
    /// (`pub use`).
    pub(crate) fn paths(&self) -> Vec<(Vec<String>, bool)> {
        let mut paths = Vec::new();
        let mut rest = self.code.as_str();
        // The whole of a `use` up to its semicolon, and paths that stand in the code.
        while let Some(at) = next_path(rest) {
            let begins = &rest[at.start..];
            let text = if at.is_use {
                &begins[..begins.find(';').unwrap_or(begins.len())]
            } else {
                plain_path(begins)
            };
            let skipped = if at.is_use { text.find("use ").map_or(0, |at| at + 4) } else { 0 };
            let passes_on = at.is_use && text.starts_with("pub");
            for path in expanded(&text[skipped..]) {
                paths.extend(self.absolute(&path).map(|path| (path, passes_on)));
            }
            rest = &begins[text.len().max(1)..];
        }
        paths
    }

    /// A path from the crate's root; `None` for one of another crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?.as_str();
        let mut base = self.module.clone();
        match first {
            "crate" | "sts_scanner" => return Some(path[1..].to_vec()),
            "self" => {}
            "super" => {
                base.pop();
            }
            _ => return None,
        }
        let mut rest = &path[1..];
        while rest.first().is_some_and(|part| part == "super") {
            base.pop();
            rest = &rest[1..];
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// Whether it defines an item of this name.
    pub(crate) fn defines(&self, name: &str) -> bool {
        const KINDS: [&str; 9] =
            ["fn ", "struct ", "enum ", "trait ", "const ", "static ", "type ", "macro_rules! ", "mod "];
        KINDS.iter().any(|kind| {
            self.code.match_indices(kind).any(|(at, _)| {
                let after = &self.code[at + kind.len()..];
                after.starts_with(name)
                    && !after[name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        })
    }
}

struct Begin {
    start: usize,
    is_use: bool,
}

/// Where the next `use` or the next path from a root begins.
fn next_path(code: &str) -> Option<Begin> {
    let uses = ["pub(crate) use ", "pub(super) use ", "pub use ", "use "];
    let roots = ["crate::", "super::"];
    let found = |marks: &[&str]| marks.iter().filter_map(|mark| find_word(code, mark)).min();
    let (a_use, a_path) = (found(&uses), found(&roots));
    match (a_use, a_path) {
        (Some(a_use), Some(a_path)) if a_path < a_use => Some(Begin { start: a_path, is_use: false }),
        (Some(a_use), _) => Some(Begin { start: a_use, is_use: true }),
        (None, Some(a_path)) => Some(Begin { start: a_path, is_use: false }),
        (None, None) => None,
    }
}

/// Where a mark begins that is not the end of a longer word.
fn find_word(code: &str, mark: &str) -> Option<usize> {
    let inside =
        |at: usize| code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$');
    code.match_indices(mark).map(|(at, _)| at).find(|at| !inside(*at))
}

/// The path at the beginning of a text.
fn plain_path(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    &text[..end]
}

/// `a::{b, c::d}` as its paths.
fn expanded(text: &str) -> Vec<Vec<String>> {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(open) = text.find('{') else {
        let path = text.split(" as ").next().unwrap_or_default();
        return vec![
            path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
        ];
    };
    let head: Vec<String> =
        text[..open].split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let inside = &text[open + 1..text.rfind('}').unwrap_or(text.len())];
    let mut depth = 0;
    let parts = inside.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| expanded(part.trim()))
        .map(|tail| {
            let tail = tail.into_iter().filter(|part| part != "self");
            head.iter().cloned().chain(tail).collect()
        })
        .collect()
}

/// All files of `src`, tests left out.
pub(crate) fn read() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let texts: Vec<(PathBuf, String)> =
        files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect();
    let tests: BTreeSet<PathBuf> = texts.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &Path| path.ancestors().any(|above| tests.contains(above));
    let sources = texts.iter().filter(|(path, _)| !is_test(path)).map(|(path, text)| {
        let path = path.strip_prefix(&root).unwrap().to_owned();
        let parts = path.with_extension("");
        let module = parts.iter().map(|part| part.to_str().unwrap().to_owned());
        let module = module.filter(|part| !["mod", "lib", "main"].contains(&part.as_str())).collect();
        Source { path, module, code: code(text) }
    });
    sources.collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// Files and folders of modules that are for tests alone.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let own = if path.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs") {
        path.parent().unwrap().to_owned()
    } else {
        path.with_extension("")
    };
    let mut modules = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| **line == "#[cfg(test)]") {
        let named = lines[at + 1..].iter().take(3);
        for line in named {
            if let Some(file) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
                modules.push(path.parent().unwrap().join(file));
            } else if let Some(name) = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod ")) {
                modules.extend([own.join(name.1).with_extension("rs"), own.join(name.1)]);
                break;
            }
        }
    }
    modules
}

/// Code without comments, and without what is for tests alone.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let bare = line.trim();
        if bare == "#[cfg(test)]" {
            // A module of tests stands at the end; else one item is left out.
            let next = lines.next().unwrap_or_default();
            if next.trim_start().starts_with("mod tests {") {
                break;
            }
            continue;
        }
        if !bare.starts_with("//") {
            code.push_str(line.split(" // ").next().unwrap_or_default());
            code.push('\n');
        }
    }
    code
}

/// The file that a path's item stands in, as the index of it: followed through what files pass on.
pub(crate) fn home(sources: &[Source], path: &[String]) -> Option<usize> {
    let by_module: BTreeMap<&[String], usize> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| source.path != Path::new("main.rs"))
        .map(|(at, source)| (source.module.as_slice(), at))
        .collect();
    let mut path = path.to_vec();
    for _ in 0..8 {
        let depth = (0..=path.len()).rev().find(|depth| by_module.contains_key(&path[..*depth]))?;
        let at = by_module[&path[..depth]];
        let Some(name) = path.get(depth) else { return Some(at) };
        if sources[at].defines(name) {
            return Some(at);
        }
        let passed =
            sources[at].paths().into_iter().find(|(from, passes_on)| *passes_on && from.last() == Some(name));
        match passed {
            Some((from, _)) if from != path => path = from,
            _ => return Some(at),
        }
    }
    None
}
