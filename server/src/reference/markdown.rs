//! The reference as Markdown, for agents and for files.

use std::fmt::Write as _;

use super::{Field, Reference, ToolReference};

pub(super) fn written(reference: &Reference) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = head(&mut text, reference);
    for tool in &reference.tools {
        let _ = section(&mut text, tool);
    }
    text
}

fn head(text: &mut String, reference: &Reference) -> std::fmt::Result {
    let part = |name: &str| reference.server[name].as_str().unwrap_or_default().to_owned();
    writeln!(text, "# {} MCP reference\n", part("title"))?;
    writeln!(text, "- Server: `{}` {}", part("name"), part("version"))?;
    writeln!(text, "- Protocol revisions: {}", reference.protocol_revisions.join(", "))?;
    writeln!(text, "- Catalogue: `{}`", reference.catalogue_digest)?;
    writeln!(
        text,
        "- Shown: what a token with `{}` sees at `{}`\n",
        reference.granted, reference.endpoint
    )?;
    writeln!(text, "## Endpoints\n\n| Address | Scopes | OAuth metadata |\n| --- | --- | --- |")?;
    for endpoint in &reference.endpoints {
        writeln!(text, "| {} | `{}` | {} |", endpoint.url, endpoint.scopes, endpoint.metadata)?;
    }
    writeln!(text, "\n## Scopes\n\n| Scope | Default | What it allows |\n| --- | --- | --- |")?;
    for scope in &reference.scopes {
        let default = yes_or_no(scope.default);
        writeln!(text, "| `{}` | {default} | {} |", scope.name, cell(scope.description))?;
    }
    writeln!(text, "\n## Tools\n")?;
    for tool in &reference.tools {
        writeln!(text, "- [{}](#{}): {}", tool.name(), tool.name(), tool.title())?;
    }
    Ok(())
}

fn section(text: &mut String, tool: &ToolReference) -> std::fmt::Result {
    writeln!(text, "\n## {}\n\n**{}.** {}\n", tool.name(), tool.title(), tool.description())?;
    writeln!(text, "Needs `{}`. Effects: {}.", tool.scopes, tool.effects.join("; "))?;
    writeln!(text, "\n### Arguments of {}\n", tool.name())?;
    if tool.arguments.is_empty() {
        writeln!(text, "It takes none.")?;
    } else {
        writeln!(
            text,
            "| Name | Type | Required | Default | Constraints | What it is |\n| --- | --- | --- | --- | --- | --- |"
        )?;
    }
    for Field { name, kind, required, default, constraints, description } in &tool.arguments {
        let default =
            default.as_ref().map(|default| code(&default.to_string())).unwrap_or_default();
        let constraints = cell(&constraints.join(", "));
        let (name, kind, required) = (code(name), code(kind), yes_or_no(*required));
        let description = cell(description);
        writeln!(
            text,
            "| {name} | {kind} | {required} | {default} | {constraints} | {description} |"
        )?;
    }
    writeln!(
        text,
        "\n### Result of {}\n\n| Name | Type | What it is |\n| --- | --- | --- |",
        tool.name()
    )?;
    for field in &tool.result {
        writeln!(
            text,
            "| {} | {} | {} |",
            code(&field.name),
            code(&field.kind),
            cell(&field.description)
        )?;
    }
    writeln!(
        text,
        "\n### Errors of {}\n\n| Code | Trying again helps | What happened |\n| --- | --- | --- |",
        tool.name()
    )?;
    for error in &tool.errors {
        let retry = yes_or_no(error.retryable);
        writeln!(text, "| `{}` | {retry} | {} |", error.code, cell(error.description))?;
    }
    writeln!(text, "\n### A call of {}\n", tool.name())?;
    block(text, "json", &tool.example.request_text())?;
    block(text, "sh", &tool.example.curl)
}

const fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Text in a cell of a table: it stays on its line and in its column.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ")
}

/// Code in a cell. Tables are read before code, so here too a bar would end the column, while a backslash is only itself.
fn code(text: &str) -> String {
    let fence = fence(text, 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|").replace(['\r', '\n'], " "))
}

/// A fence that nothing in the text ends.
fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(least.max(longest + 1))
}

fn block(text: &mut String, language: &str, code: &str) -> std::fmt::Result {
    let fence = fence(code, 3);
    writeln!(text, "{fence}{language}\n{code}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::{cell, code, fence};

    #[test]
    fn nothing_leaves_its_cell() {
        assert_eq!(cell("a | b\n\\| c"), "a \\| b \\\\\\| c");
        assert_eq!(code("\"a\" | \"b\""), "`\"a\" \\| \"b\"`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
    }

    #[test]
    fn a_fence_is_longer_than_every_one_inside() {
        assert_eq!(fence("select 1", 3), "```");
        assert_eq!(fence("a ```` b", 3), "`````");
    }
}
