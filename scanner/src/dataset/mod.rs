//! What a scan leaves behind: the tables, their parts and commits, and the manifest.

pub mod batch;
pub mod cell;
pub mod columns;
pub mod commits;
pub mod content;
pub mod contract;
pub mod item;
pub mod layout;
pub mod lock;
pub mod manifest;
pub mod parts;
pub mod ranges;
pub mod read;
pub mod recover;
pub mod schema;
pub mod view;
pub mod waiting;
pub mod whole;
pub mod writer;
