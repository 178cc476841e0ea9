//! What a scan leaves behind: the tables, their parts and commits, and the manifest.

pub mod batch;
pub mod columns;
pub mod commits;
pub mod dictionary;
pub mod manifest;
pub mod parts;
pub mod ranges;
pub mod read;
pub mod rows;
pub mod schema;
mod weight;
pub mod words;
pub mod writer;
