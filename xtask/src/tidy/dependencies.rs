//! Who may depend on whom. The table is that of docs/architecture.md.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context;

use super::Breach;

/// Each crate, and the crates of this workspace that it may use.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("surefoot-types", &[]),
    ("surefoot-dialect", &["surefoot-types"]),
    ("surefoot-guard", &["surefoot-types"]),
    ("surefoot-gateway", &["surefoot-types", "surefoot-dialect", "surefoot-guard"]),
    ("surefoot-knowledge", &["surefoot-types", "surefoot-guard"]),
    ("surefoot-lab", &["surefoot-types", "surefoot-gateway"]),
    ("surefoot-store", &["surefoot-types"]),
    ("surefoot-telemetry", &["surefoot-types", "surefoot-gateway"]),
    (
        "surefoot-server",
        &["surefoot-types", "surefoot-dialect", "surefoot-gateway", "surefoot-knowledge", "surefoot-lab"],
    ),
    (
        "surefoot",
        &[
            "surefoot-types",
            "surefoot-dialect",
            "surefoot-guard",
            "surefoot-gateway",
            "surefoot-knowledge",
            "surefoot-lab",
            "surefoot-store",
            "surefoot-telemetry",
            "surefoot-server",
        ],
    ),
    ("surefoot-testkit", &["surefoot-types", "surefoot-dialect"]),
    (
        "surefoot-fuzz",
        &["surefoot-types", "surefoot-dialect", "surefoot-guard", "surefoot-gateway", "surefoot-knowledge"],
    ),
    ("xtask", &[]),
];

/// A dependency that only these crates may know.
const ONLY_IN: [(&str, &[&str]); 7] = [
    ("axum", &["surefoot-server"]),
    ("sqlx", &["surefoot-store"]),
    ("clap", &["surefoot", "xtask"]),
    ("tantivy", &["surefoot-knowledge"]),
    ("askama", &["surefoot-server"]),
    ("rmcp", &["surefoot-server"]),
    ("opentelemetry", &["surefoot-telemetry"]),
];

/// Run times and HTTP, which the pure crates must never know.
const IMPURE: [&str; 5] = ["tokio", "reqwest", "hyper", "axum", "sqlx"];
const PURE: [&str; 3] = ["surefoot-types", "surefoot-dialect", "surefoot-guard"];

/// A crate's own dependencies, without those for its tests.
struct Manifest {
    name: String,
    file: String,
    dependencies: BTreeSet<String>,
    all: BTreeSet<String>,
    own_versions: BTreeSet<String>,
}

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Breach>> {
    let mut manifests = Vec::new();
    let mut folders: Vec<_> =
        fs::read_dir(root.join("crates"))?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    folders.push(root.join("xtask"));
    folders.sort();
    for folder in folders {
        let path = folder.join("Cargo.toml");
        let file = path.strip_prefix(root)?.to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| file.clone())?;
        manifests.push(read(&file, &text)?);
    }
    let mut breaches: Vec<Breach> = manifests.iter().flat_map(breaches).collect();
    breaches.extend(unused(root, &manifests)?);
    Ok(breaches)
}

fn read(file: &str, text: &str) -> anyhow::Result<Manifest> {
    let parsed = toml_span::parse(text).map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
    let names = |section: &str| -> BTreeSet<String> {
        let table = parsed.pointer(&format!("/{section}")).and_then(|value| value.as_table());
        table.map(|table| table.keys().map(|key| key.name.to_string()).collect()).unwrap_or_default()
    };
    let mut own_versions = BTreeSet::new();
    let mut all = BTreeSet::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for name in names(section) {
            let shared = parsed.pointer(&format!("/{section}/{name}/workspace")).and_then(toml_span::Value::as_bool);
            if shared != Some(true) {
                own_versions.insert(name.clone());
            }
            all.insert(name);
        }
    }
    let name = parsed.pointer("/package/name").and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    Ok(Manifest { name, file: file.to_owned(), dependencies: names("dependencies"), all, own_versions })
}

fn breaches(manifest: &Manifest) -> Vec<Breach> {
    let mut told = Vec::new();
    let may_use = MAY_USE.iter().find(|(name, _)| *name == manifest.name).map(|(_, may)| *may);
    match may_use {
        None => told.push("is not in the dependency table: add it to docs/architecture.md and to xtask".to_owned()),
        Some(may_use) => {
            let ours = manifest.dependencies.iter().filter(|name| name.starts_with("surefoot"));
            told.extend(
                ours.filter(|name| !may_use.contains(&name.as_str()))
                    .map(|name| format!("{} may not use {name} (docs/architecture.md, section 5)", manifest.name)),
            );
        }
    }
    for (dependency, owners) in ONLY_IN {
        if manifest.dependencies.contains(dependency) && !owners.contains(&manifest.name.as_str()) {
            told.push(format!("only {} may know {dependency}", owners.join(" and ")));
        }
    }
    if PURE.contains(&manifest.name.as_str()) {
        let impure = IMPURE.iter().filter(|name| manifest.dependencies.contains(**name));
        told.extend(impure.map(|name| format!("{} is pure and may not know {name}", manifest.name)));
    }
    told.extend(manifest.own_versions.iter().map(|name| format!("{name}: name its version in the root table")));
    told.into_iter().map(|told| Breach { file: manifest.file.clone(), line: 0, told }).collect()
}

/// Rows of the root table that nobody uses.
fn unused(root: &Path, manifests: &[Manifest]) -> anyhow::Result<Vec<Breach>> {
    let text = fs::read_to_string(root.join("Cargo.toml"))?;
    let parsed = toml_span::parse(&text).map_err(|error| anyhow::anyhow!("Cargo.toml: {error}"))?;
    let table = parsed.pointer("/workspace/dependencies").and_then(|value| value.as_table());
    let names = table.into_iter().flat_map(|table| table.keys().map(|key| key.name.to_string()));
    let unused = names.filter(|name| !manifests.iter().any(|manifest| manifest.all.contains(name)));
    Ok(unused
        .map(|name| Breach {
            file: "Cargo.toml".into(),
            line: 0,
            told: format!("nobody uses {name}: take its row out"),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        breaches(&read("Cargo.toml", text).unwrap()).into_iter().map(|breach| breach.told).collect()
    }

    #[test]
    fn the_table_is_kept() {
        assert_eq!(told("[package]\nname = \"surefoot-store\"\n[dependencies]\nsqlx.workspace = true"), [""; 0]);
        let wrong = told(
            "[package]\nname = \"surefoot-dialect\"\n[dependencies]\nsurefoot-store.workspace = true\ntokio = \"1\"\naxum.workspace = true",
        );
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        assert!(told("[package]\nname = \"surefoot-new\"")[0].contains("not in the dependency table"));
    }
}
