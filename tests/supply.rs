//! What the crate is made of: the licences, sources and versions of its dependencies are such as `deny.toml` wants
//! them, and code is unsafe only where that is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A crate: its version, its licence, and where it comes from if that is not crates.io.
struct Dependency {
    name: String,
    version: String,
    licence: String,
    elsewhere: bool,
}

/// Every crate that is built on any system, for the tests too.
fn dependencies() -> Vec<Dependency> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--target", "all", "--edges", "normal,build,dev", "--prefix", "none"]);
    cargo.args(["--no-dedupe", "--format", "{p}|{l}"]).current_dir(ROOT);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: BTreeSet<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let found: Vec<Dependency> = lines
        .iter()
        .map(|line| {
            let (package, licence) = line.split_once('|').unwrap();
            let mut words = package.split_whitespace();
            let [name, version] =
                [(); 2].map(|()| words.next().unwrap_or_default().trim_start_matches('v').to_owned());
            let elsewhere = words.any(|word| word.contains(['/', '\\']));
            Dependency { name, version, licence: licence.to_owned(), elsewhere }
        })
        .filter(|dependency| dependency.name != env!("CARGO_PKG_NAME"))
        .collect();
    assert!(found.len() > 100, "{} dependencies", found.len());
    found
}

fn wanted() -> toml::Table {
    std::fs::read_to_string(Path::new(ROOT).join("deny.toml")).unwrap().parse().unwrap()
}

fn list(of: &toml::Table, table: &str, key: &str) -> Vec<String> {
    let list = of[table][key].as_array().unwrap();
    list.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// The first licences that an expression may be met by, if all of them are allowed.
fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let Ok(expression) = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX) else { return false };
    expression.evaluate(|asked| allowed.contains(&asked.to_string()))
}

#[test]
fn every_licence_is_permissive() {
    let allowed = list(&wanted(), "licenses", "allow");
    for Dependency { name, version, licence, .. } in dependencies() {
        assert!(is_allowed(&licence, &allowed), "{name} {version}: {licence:?} is not among {allowed:?}");
    }
    // As it should be, the test tells.
    for (licence, is) in [
        ("MIT", true),
        ("MIT OR GPL-3.0-only", true),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT AND GPL-3.0-only", false),
        ("GPL-3.0-or-later", false),
        ("MPL-2.0", false),
        ("proprietary", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), is, "{licence}");
    }
}

#[test]
fn everything_comes_from_the_registry_in_one_version() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Dependency { name, version, elsewhere, .. } in dependencies() {
        assert!(!elsewhere, "{name} {version} is not from crates.io");
        versions.entry(name).or_default().push(version);
    }
    let mut skipped = list(&wanted(), "bans", "skip");
    for (name, mut versions) in versions {
        versions.retain(|version| {
            let skip = skipped.iter().position(|skip| {
                let (of, prefix) = skip.split_once('@').unwrap();
                of == name && format!("{version}.").starts_with(&format!("{prefix}."))
            });
            skip.map(|k| skipped.remove(k)).is_none()
        });
        assert_eq!(versions.len(), 1, "{name}: {versions:?}; agree on one, or say in deny.toml why not");
    }
    assert_eq!(skipped, [""; 0], "deny.toml skips what is not there");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => {
                Some(path).filter(|path| path.extension().is_some_and(|e| e == "rs")).into_iter().collect()
            }
        })
        .collect()
}

/// The compiler refuses it elsewhere; this is about who may allow it.
#[test]
fn code_is_unsafe_in_one_module_and_one_test() {
    let word = ["allow(", "unsafe_code)"].concat();
    let allows = |path: &PathBuf| std::fs::read_to_string(path).unwrap().contains(&word);
    let folders = ["src", "tests", "benches"].map(|folder| rust_files(&Path::new(ROOT).join(folder)));
    let mut found: Vec<PathBuf> = folders.concat().into_iter().filter(allows).collect();
    found.sort();
    let meant =
        ["src/formula/native/memory.rs", "tests/fuzz/guard.rs"].map(|name| Path::new(ROOT).join(name));
    assert_eq!(found, meant);
}
