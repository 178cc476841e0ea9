fn main() {
    println!("{}", serde_json::to_string_pretty(&sts_scanner::dataset::columns::as_json()).unwrap());
}
