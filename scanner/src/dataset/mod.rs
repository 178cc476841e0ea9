//! What a scan leaves behind: the tables, their parts and commits, and the manifest.

pub mod columns;
pub mod rows;
pub mod words;
