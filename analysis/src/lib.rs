//! Tables drawn by SQL from one or many datasets of `sts-scan`.
//!
//! The way of a table: [`dataset`] opens and checks the folders, [`tables`] registers their Parquet files and
//! what is made from them ([`providers`]) with DataFusion, [`query`] runs a table's text over them,
//! [`render`] writes the answer. [`cli`] is what the binaries share; only it prints.

pub mod claimable;
pub mod cli;
pub mod comparable;
pub mod contract;
pub mod dataset;
pub mod fault;
pub mod findings;
mod hash;
mod output;
mod passes;
pub mod providers;
pub mod publish;
pub mod query;
pub mod render;
pub mod report;
pub mod reports;
pub mod settings;
pub mod shares;
pub mod tables;
mod times;
pub mod unknown;
pub mod visible;
pub mod weight;
pub mod withheld;
pub mod words;
