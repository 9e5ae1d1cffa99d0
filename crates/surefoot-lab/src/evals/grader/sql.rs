//! Graders of SQL: is-sql, contains-sql.

use std::ops::ControlFlow;

use regex::{Regex, RegexBuilder};
use serde_json::Value;
use sqlparser::{
    ast::{Expr, Statement, visit_expressions, visit_relations},
    dialect::{self, Dialect},
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Token, Tokenizer},
};

use super::{Finding, Found, Given, text};

/// Makes a dialect.
type Reads = fn() -> Box<dyn Dialect>;

/// What a database's own words are called by those who use promptfoo, and how its SQL is read. Those that
/// have no dialect of their own are read as what they are built on.
const DATABASES: [(&str, Reads); 11] = [
    ("MySQL", || Box::new(dialect::MySqlDialect {})),
    ("MariaDB", || Box::new(dialect::MySqlDialect {})),
    ("PostgreSQL", || Box::new(dialect::PostgreSqlDialect {})),
    ("Redshift", || Box::new(dialect::RedshiftSqlDialect {})),
    ("Sqlite", || Box::new(dialect::SQLiteDialect {})),
    ("BigQuery", || Box::new(dialect::BigQueryDialect {})),
    ("Snowflake", || Box::new(dialect::SnowflakeDialect)),
    ("TransactSQL", || Box::new(dialect::MsSqlDialect {})),
    ("Hive", || Box::new(dialect::HiveDialect {})),
    ("DuckDB", || Box::new(dialect::DuckDbDialect {})),
    ("ClickHouse", || Box::new(dialect::ClickHouseDialect {})),
];

/// Words between `SELECT` and the first column.
const BEFORE_COLUMNS: [&str; 8] =
    ["SELECT", "DISTINCT", "ALL", "AS", "SQL_NO_CACHE", "SQL_CACHE", "STRAIGHT_JOIN", "HIGH_PRIORITY"];

/// What SQL is allowed.
struct Rules {
    database: usize,
    tables: Vec<Regex>,
    columns: Vec<Regex>,
}

impl Rules {
    fn read(expected: &Value) -> Result<Self, String> {
        const OPTIONS: [&str; 3] = ["databaseType", "allowedTables", "allowedColumns"];
        let mut rules = Self { database: 0, tables: Vec::new(), columns: Vec::new() };
        let options = match expected {
            Value::Null => return Ok(rules),
            Value::Object(options) => options,
            _ => return Err(format!("`value` is a table of {}", OPTIONS.join(", "))),
        };
        if let Some(unknown) = options.keys().find(|name| !OPTIONS.contains(&name.as_str())) {
            return Err(format!("`{unknown}` is none of {}", OPTIONS.join(", ")));
        }
        if let Some(database) = options.get("databaseType") {
            let named = |name: &str| database.as_str().is_some_and(|given| given.eq_ignore_ascii_case(name));
            let known = || DATABASES.map(|(name, _)| name).join(", ");
            let found = DATABASES.iter().position(|(name, _)| named(name));
            rules.database = found.ok_or_else(|| format!("`databaseType` is one of {}", known()))?;
        }
        let authorities = |name: &str| -> Result<Vec<Regex>, String> {
            let patterns = options.get(name).map_or(Ok(Vec::new()), text::list)?;
            patterns.iter().map(|pattern| authority(pattern)).collect()
        };
        (rules.tables, rules.columns) = (authorities("allowedTables")?, authorities("allowedColumns")?);
        Ok(rules)
    }

    /// What keeps `sql` from being allowed.
    fn wrong(&self, sql: &str) -> Option<String> {
        let (name, dialect) = &DATABASES[self.database];
        let dialect = dialect();
        let statements = match Parser::parse_sql(dialect.as_ref(), sql) {
            Ok(statements) if statements.is_empty() => return Some("there is no statement".into()),
            Ok(statements) => statements,
            Err(error) => return Some(format!("it is not {name}: {error}")),
        };
        let tokens = Tokenizer::new(dialect.as_ref(), sql).tokenize().unwrap_or_default();
        // Only some databases know it, and the parser lets it pass everywhere.
        let foreign = ["MySQL", "MariaDB", "Sqlite", "BigQuery", "TransactSQL"].contains(name);
        if foreign && tokens.iter().any(|token| is(token, Keyword::ILIKE)) {
            return Some(format!("{name} has no ILIKE"));
        }
        if let Some(word) = reserved_table(&tokens) {
            return Some(format!("`{word}` is a word of SQL and no table's name"));
        }
        if let Some((one, other)) = missing_comma(&tokens) {
            return Some(format!("a comma is missing between `{one}` and `{other}`"));
        }
        statements.iter().find_map(|statement| self.forbidden(statement))
    }

    fn forbidden(&self, statement: &Statement) -> Option<String> {
        let does = match statement {
            Statement::Query(_) => "select",
            Statement::Insert(_) => "insert",
            Statement::Update { .. } => "update",
            Statement::Delete(_) => "delete",
            // What else there is (DROP, GRANT, …) touches more than its tables.
            _ if self.tables.is_empty() && self.columns.is_empty() => return None,
            _ => return Some("only SELECT, INSERT, UPDATE and DELETE can be allowed".into()),
        };
        let refuse = |allowed: &[Regex], place: &str, name: &str| {
            let touched = format!("{does}::{place}::{name}");
            let fits = allowed.is_empty() || allowed.iter().any(|pattern| pattern.is_match(&touched));
            if fits { ControlFlow::Continue(()) } else { ControlFlow::Break(touched) }
        };
        let tables = visit_relations(statement, |relation| {
            let parts: Vec<String> =
                relation.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect();
            let (name, above) = parts.split_last().map_or(("", None), |(name, above)| (name.as_str(), above.last()));
            refuse(&self.tables, above.map_or("null", String::as_str), name)
        });
        let columns = visit_expressions(statement, |expression| match expression {
            Expr::Identifier(column) => refuse(&self.columns, "null", &column.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, column] => refuse(&self.columns, &table.value, &column.value),
                _ => ControlFlow::Continue(()),
            },
            _ => ControlFlow::Continue(()),
        });
        tables.break_value().or(columns.break_value()).map(|touched| format!("`{touched}` is not allowed"))
    }
}

/// A pattern for `does::place::name`, which must fit the whole of it.
fn authority(pattern: &str) -> Result<Regex, String> {
    let whole = RegexBuilder::new(&format!("^(?:{pattern})$")).case_insensitive(true).build();
    whole.map_err(|_| format!("`{pattern}` is no pattern like `select::null::orders`"))
}

fn is(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none())
}

/// A word of SQL, unquoted, where a table's name must stand: the parser takes it for one.
fn reserved_table(tokens: &[Token]) -> Option<String> {
    const RESERVED: [Keyword; 8] = [
        Keyword::SELECT,
        Keyword::FROM,
        Keyword::WHERE,
        Keyword::GROUP,
        Keyword::ORDER,
        Keyword::INSERT,
        Keyword::UPDATE,
        Keyword::DELETE,
    ];
    let words: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let tables = words.windows(2).filter(|two| is(two[0], Keyword::FROM) || is(two[0], Keyword::JOIN));
    let mut tables = tables.map(|two| two[1]);
    tables.find(|table| RESERVED.iter().any(|word| is(table, *word))).map(ToString::to_string)
}

/// Two bare names side by side in a list of columns: SQL reads the second as another name for the first,
/// and a model that writes it has forgotten a comma.
fn missing_comma(tokens: &[Token]) -> Option<(String, String)> {
    let (mut depth, mut columns, mut before) = (0_i32, false, None::<String>);
    for token in tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        let name = match token {
            Token::LParen => {
                depth += 1;
                None
            }
            Token::RParen => {
                depth -= 1;
                None
            }
            token if is(token, Keyword::SELECT) => {
                (depth, columns) = (0, true);
                None
            }
            token if is(token, Keyword::FROM) => {
                columns = false;
                None
            }
            Token::Word(word) => {
                let leads = BEFORE_COLUMNS.iter().any(|lead| word.value.eq_ignore_ascii_case(lead));
                let operator = word.keyword != Keyword::NoKeyword && word.keyword != Keyword::NAME;
                (!leads && !operator).then(|| word.value.clone())
            }
            _ => None,
        };
        if let (Some(one), Some(other), true) = (&before, &name, columns && depth == 0) {
            return Some((one.clone(), other.clone()));
        }
        before = name;
    }
    None
}

pub(super) fn fits(expected: &Value) -> Result<(), String> {
    Rules::read(expected).map(|_| ())
}

pub(super) fn is_sql(given: Given<'_>) -> Found {
    let rules = Rules::read(given.expected)?;
    Ok(told(rules.wrong(given.said().trim())))
}

/// SQL in a fence, or the whole answer.
pub(super) fn contains_sql(given: Given<'_>) -> Found {
    let rules = Rules::read(given.expected)?;
    let said = given.said();
    let mut fenced = said.split("```").skip(1).step_by(2).map(|block| {
        let (first, rest) = block.split_once('\n').unwrap_or(("", block));
        if first.trim().is_empty() || first.trim().eq_ignore_ascii_case("sql") { rest } else { block }
    });
    let whole = rules.wrong(said.trim());
    if whole.is_none() || fenced.any(|block| rules.wrong(block.trim()).is_none()) {
        return Ok(told(None));
    }
    Ok(told(whole))
}

fn told(wrong: Option<String>) -> Finding {
    match wrong {
        None => Finding::of(true, "the answer has SQL that is allowed"),
        Some(why) => Finding::of(false, why),
    }
}
