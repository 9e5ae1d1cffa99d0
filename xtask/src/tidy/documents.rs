//! Documents: links that lead somewhere, no machine's paths, examples that are whole.

use std::{fs, path::Path};

use super::{Breach, files};

/// What only the machine of whoever wrote it knows. Put together here, so that this file does not hold it.
const MACHINE: [&str; 5] = [
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!(".car", "go/registry"),
    concat!("/Us", "ers/"),
];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Breach>> {
    let mut documents = files(root, "docs", ".md")?;
    documents.extend(files(root, "examples", ".md")?);
    for name in ["README.md", "CHANGELOG.md"] {
        documents.push((name.into(), fs::read_to_string(root.join(name))?));
    }
    let mut breaches = Vec::new();
    for (file, text) in &documents {
        breaches.extend(links(root, file, text));
    }
    for folder in ["crates", "xtask", "tests", "scripts"] {
        for ending in [".rs", ".py", ".mjs", ".toml", ".html", ".sql"] {
            documents.extend(files(root, folder, ending)?);
        }
    }
    for (file, text) in &documents {
        breaches.extend(machine_paths(file, text));
    }
    breaches.extend(examples(root)?);
    Ok(breaches)
}

/// Relative links that lead nowhere.
fn links(root: &Path, file: &str, text: &str) -> Vec<Breach> {
    let folder = root.join(file).parent().map(Path::to_path_buf).unwrap_or_default();
    let mut breaches = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let relative = !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
            if relative && !folder.join(path).exists() {
                breaches.push(Breach {
                    file: file.into(),
                    line: at + 1,
                    told: format!("the link to {path} leads nowhere"),
                });
            }
        }
    }
    breaches
}

fn machine_paths(file: &str, text: &str) -> Vec<Breach> {
    let lines = text.lines().enumerate();
    let told = lines.flat_map(|(at, line)| {
        let held = MACHINE.iter().filter(move |path| line.contains(**path));
        held.map(move |path| Breach {
            file: file.into(),
            line: at + 1,
            told: format!("'{path}' is a path of one machine"),
        })
    });
    told.collect()
}

/// Every example is a project with a page about it. That each loads is a test of the program.
fn examples(root: &Path) -> anyhow::Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for entry in fs::read_dir(root.join("examples"))? {
        let path = entry?.path();
        for needed in ["surefoot.toml", "README.md"] {
            if path.is_dir() && !path.join(needed).exists() {
                let file = path.strip_prefix(root)?.to_string_lossy().into_owned();
                breaches.push(Breach { file, line: 0, told: format!("an example needs its {needed}") });
            }
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told() {
        let root = crate::run::root();
        let text = "[a](README.md) [b](nowhere.md#x)\n[c](https://example.com) [d](#here)";
        let told = links(&root, "README.md", text);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].to_string(), "README.md:1: the link to nowhere.md leads nowhere");
        assert_eq!(machine_paths("a", concat!("see /ho", "me/me/x")).len(), 1);
    }
}
