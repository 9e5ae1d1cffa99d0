//! The official SDKs, unmodified but for the base URL, against the example that users copy.

use std::process::Stdio;

use crate::{
    clients::{module, node, python, script, workspace},
    support::{Project, Served, surefoot},
};

#[tokio::test(flavor = "multi_thread")]
async fn sdk_openai_python() {
    run(python("openai_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_anthropic_python() {
    run(python("anthropic_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_openai_typescript() {
    run(node("openai_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_anthropic_typescript() {
    run(node("anthropic_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_responses_python() {
    run(python("responses_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_responses_typescript() {
    run(node("responses_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_files_python() {
    run(python("files_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_files_typescript() {
    run(node("files_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_google_python() {
    run(python("google_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_google_typescript() {
    run(node("google_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_mcp_python() {
    run(python("mcp_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_mcp_typescript() {
    run(node("mcp_sdk.mjs")).await;
}

/// The client of our own for Python, as its source stands here.
#[tokio::test(flavor = "multi_thread")]
async fn sdk_surefoot_python() {
    let mut command = python("surefoot_client.py");
    command.env("PYTHONPATH", workspace().join("clients/python/src"));
    run(command).await;
}

/// The client of our own for TypeScript, as it would be published.
#[tokio::test(flavor = "multi_thread")]
async fn sdk_surefoot_typescript() {
    compile_client("surefoot").await;
    run(node("surefoot_client.mjs")).await;
}

/// Proxies may say with a date when to come back, or with what is neither a date nor a number.
const WAITS: [(&str, &str, bool); 6] = [
    ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", true),
    ("retry-after", "0", true),
    ("retry-after-ms", "0", true),
    ("retry-after", "soon", false),
    ("retry-after", "-5", false),
    ("retry-after-ms", "", false),
];

#[tokio::test(flavor = "multi_thread")]
async fn sdk_surefoot_faults_read_dates() {
    compile_client("surefoot-faults").await;
    let mut py = String::from("from surefoot._faults import fault\n");
    let mut js = String::from(
        "import assert from 'node:assert/strict';\nimport { faultOf } from './surefoot-faults/fault.js';\n",
    );
    for (name, value, known) in WAITS {
        let (zero, nought) = if known { ("0.0", "0") } else { ("None", "undefined") };
        py += &format!("assert fault(503, {{'{name}': '{value}'}}, '').retry_after == {zero}, '{value}'\n");
        js += &format!(
            "assert.equal((await faultOf(new Response('', {{ status: 503, headers: {{ '{name}': '{value}' }} }}))).retryAfterMs, \
             {nought}, '{value}');\n"
        );
    }
    for mut command in [python(&script("faults.py", &py)), node(&script("faults.mjs", &js))] {
        let output = command.env("PYTHONPATH", workspace().join("clients/python/src")).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8(output.stderr).unwrap());
    }
}

/// What a function of a project takes and gives is checked by the languages' own type checkers: the right call, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn sdk_types_of_a_project() {
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        (
            "functions/sort-report/function.toml",
            "[input.plan]\nenum = [\"basic\", \"pro\"]\n[output]\ntype = \"object\"\nrequired = [\"urgent\"]\n\
             properties.urgent.type = \"boolean\"\nproperties.places.type = \"array\"\n\
             properties.places.items = { type = \"object\", properties = { x = { type = \"number\" } } }\n",
        ),
        ("functions/sort-report/plain.md", "+++\nmodel = \"sim/json\"\n+++\nSort it for {{ input.plan }}.\n"),
    ]);
    compile_client("surefoot-types/node_modules/surefoot/dist").await;
    let types = script("surefoot-types/functions.ts", "");
    let written = surefoot(&["types", "--ts", "--output", &types]).arg(project.folder()).output().await.unwrap();
    assert!(written.status.success(), "{written:?}");
    let package = workspace().join("clients/typescript/package.json");
    script("surefoot-types/node_modules/surefoot/package.json", &std::fs::read_to_string(package).unwrap());
    for (plan, well) in [("pro", true), ("gold", false)] {
        let program = format!(
            "import {{ Surefoot }} from 'surefoot';\nimport type {{ Functions }} from './functions.js';\n\
             const answer = await new Surefoot<Functions>().call('sort-report', {{ input: {{ plan: '{plan}' }} }});\n\
             export const x: number | undefined = answer.data.places?.[0]?.x;\nexport const urgent: boolean = answer.data.urgent;\n",
        );
        let path = script("surefoot-types/program.ts", &program);
        let options = "--strict --noEmit --module nodenext --target es2022 --skipLibCheck";
        let output =
            node("node_modules/typescript/bin/tsc").args(options.split(' ')).arg(&path).output().await.unwrap();
        assert_eq!(output.status.success(), well, "{}", std::str::from_utf8(&output.stdout).unwrap());
    }
    let types = script("surefoot-types/functions.py", "");
    let written = surefoot(&["types", "--py", "--output", &types]).arg(project.folder()).output().await.unwrap();
    assert!(written.status.success(), "{written:?}");
    for (plan, well) in [("pro", true), ("gold", false)] {
        let program = format!(
            "from surefoot import Surefoot\nfrom functions import SORT_REPORT, SortReportInput\n\n\
             answer = Surefoot().call(SORT_REPORT, input=SortReportInput(plan=\"{plan}\"))\nurgent: bool = answer.data[\"urgent\"]\n",
        );
        let path = script("surefoot-types/program.py", &program);
        let folder = std::path::Path::new(&path).parent().unwrap();
        let output = mypy_of(&path).current_dir(folder).output().await.unwrap();
        assert_eq!(output.status.success(), well, "{}", std::str::from_utf8(&output.stdout).unwrap());
    }
}

/// The client for Python is typed all through, and its half for asyncio is made from the other.
#[tokio::test(flavor = "multi_thread")]
async fn sdk_surefoot_python_is_typed_and_whole() {
    let source = workspace().join("clients/python/src");
    let output = mypy_of(source.to_str().unwrap()).current_dir(&source).output().await.unwrap();
    assert!(output.status.success(), "{}", std::str::from_utf8(&output.stdout).unwrap());
    let twin = workspace().join("clients/python/make_async.py");
    let output = python(twin.to_str().unwrap()).arg("--check").output().await.unwrap();
    assert!(output.status.success(), "{}", std::str::from_utf8(&output.stderr).unwrap());
}

/// The programs of the READMEs, as they stand there.
#[tokio::test(flavor = "multi_thread")]
async fn sdk_examples_of_the_readmes() {
    compile_client("node_modules/surefoot/dist").await;
    let package = std::fs::read_to_string(workspace().join("clients/typescript/package.json")).unwrap();
    script("node_modules/surefoot/package.json", &package);
    let project = Project::example("docs-assistant");
    let served = Served::start(&project).await;
    for (readme, language) in [
        ("README.md", "python"),
        ("README.md", "typescript"),
        ("clients/python/README.md", "python"),
        ("clients/typescript/README.md", "typescript"),
    ] {
        let text = std::fs::read_to_string(workspace().join(readme)).unwrap();
        let programs: Vec<&str> = text
            .split(&format!("```{language}\n"))
            .skip(1)
            .filter_map(|rest| Some(rest.split_once("```")?.0))
            .collect();
        assert!(!programs.is_empty(), "{readme} has a program in {language}");
        for (at, program) in programs.into_iter().enumerate() {
            let name = readme.replace('/', "_").replace(".md", &at.to_string());
            let program = program.replace("http://127.0.0.1:4141", &served.url);
            let mut command = match language {
                "python" => python(&script(&format!("{name}.py"), &program)),
                _ => node(&script(&format!("{name}.mjs"), &program)),
            };
            let output = command.env("PYTHONPATH", workspace().join("clients/python/src")).output().await.unwrap();
            let told = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{readme}: {}", String::from_utf8(output.stderr).unwrap());
            assert!(told.contains("passage"), "{readme}: {told}");
        }
    }
}

/// Compiles the client for TypeScript into this folder beside the packages.
async fn compile_client(folder: &str) {
    let out = script(&format!("{folder}/made"), "");
    let out = std::path::Path::new(&out).parent().unwrap();
    let client = workspace().join("clients/typescript");
    let output = node("node_modules/typescript/bin/tsc").arg("-p").arg(client).arg("--outDir").arg(out).output().await;
    let output = output.unwrap();
    assert!(output.status.success(), "{}", std::str::from_utf8(&output.stdout).unwrap());
}

/// Python's type checker over a file or a folder.
fn mypy_of(path: &str) -> tokio::process::Command {
    let mut command = module("mypy");
    command.args(["--strict", path]).env("MYPYPATH", workspace().join("clients/python/src"));
    command
}

async fn run(mut command: tokio::process::Command) {
    let project = Project::example("docs-assistant");
    let served = Served::start(&project).await;
    command.env("SUREFOOT", env!("CARGO_BIN_EXE_surefoot"));
    command.env("SUREFOOT_PROJECT", project.folder()).env("SUREFOOT_DATA", project.data());
    let output = command.arg(&served.url).stdin(Stdio::null()).output().await.unwrap();
    let (told, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && told.trim_end().ends_with("ok"), "{told}\n{wrong}");
}
