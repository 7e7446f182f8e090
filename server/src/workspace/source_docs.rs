//! Generated instrumentation documents: listed, and read in parts.
//!
//! The text comes from repositories, so it is data for the model that reads it and never becomes part of a description or an instruction.

use std::collections::{HashMap, HashSet};

use lookout_schema::{
    DocSection, ErrorCode, ListSourceDocs, ListSourceDocsResult, ReadSourceDoc,
    ReadSourceDocResult, SourceDocEntry,
};
use serde_json::json;

use super::WorkspaceTools;
use super::page::{cut, rfc3339, words};
use crate::authority::bearer::Caller;
use crate::mcp::ToolError;
use crate::store::workspace::SourceDocument;

/// Characters of JSON that content and section list may take together.
const MAX_PART: usize = 44_000;
/// Characters of JSON that the section list may take, so that it leaves room for content.
const MAX_SECTIONS: usize = 16_000;

pub(super) async fn list(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &ListSourceDocs,
) -> Result<ListSourceDocsResult, ToolError> {
    let list = ("list_source_docs", &caller.workspace_id, &arguments.search);
    let after: Option<(String, String)> =
        arguments.cursor.as_deref().map(|cursor| tools.cursors.open(&list, cursor)).transpose()?;
    let words = words(arguments.search.as_deref());
    let fetched = tools
        .store
        .source_documents(&caller.workspace_id, &words, after, arguments.limit + 1)
        .await?;
    let cursor = |last: &SourceDocument| tools.cursors.seal(&list, &(&last.source_name, &last.id));
    let (docs, next_cursor) = cut(fetched, arguments.limit, cursor, |document| SourceDocEntry {
        size_chars: length(&document.markdown),
        id: document.id,
        source_id: document.source_id,
        source_name: document.source_name,
        title: document.title,
        summary: document.summary,
        event_count: document.event_count,
        repository: document.repository,
        commit_sha: document.commit_sha,
        generated_at: rfc3339(document.generated_at),
        stale: document.stale,
    });
    Ok(ListSourceDocsResult { docs, next_cursor })
}

pub(super) async fn read(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &ReadSourceDoc,
) -> Result<ReadSourceDocResult, ToolError> {
    let Some(document) =
        tools.store.source_document(&caller.workspace_id, &arguments.doc_id).await?
    else {
        let message =
            format!("There is no source document {:?} in this workspace.", arguments.doc_id);
        return Err(ToolError::new(ErrorCode::DocNotFound, message)
            .hint("list_source_docs names every document."));
    };
    let sections = sections(&document.markdown);
    let text: Vec<char> = document.markdown.chars().collect();
    let part = match &arguments.section {
        None => &text[..],
        Some(slug) => section(&text, &sections, slug)?,
    };
    let offset = usize::try_from(arguments.offset).unwrap_or(usize::MAX);
    if offset > 0 && offset >= part.len() {
        let message = format!(
            "The offset {offset} lies beyond the end: there are {} characters.",
            part.len()
        );
        return Err(
            ToolError::new(ErrorCode::OffsetOutOfRange, message).hint("Start again at offset 0.")
        );
    }
    let wanted = usize::try_from(arguments.max_chars).unwrap_or(0);
    let sections = shown(sections);
    let room = MAX_PART.saturating_sub(json!(sections).to_string().chars().count());
    let end = fitting(&part[offset..], wanted, room) + offset;
    Ok(ReadSourceDocResult {
        id: document.id,
        source_name: document.source_name,
        title: document.title,
        generated_at: rfc3339(document.generated_at),
        stale: document.stale,
        sections,
        content: part[offset..end].iter().collect(),
        content_type: "text/markdown".to_owned(),
        offset: arguments.offset,
        next_offset: (end < part.len()).then(|| i64::try_from(end).unwrap_or(i64::MAX)),
        total_chars: i64::try_from(part.len()).unwrap_or(i64::MAX),
    })
}

/// The sections that a result lists: from the first on, as many as fit. Every section can be asked for, listed or not.
fn shown(sections: Vec<DocSection>) -> Vec<DocSection> {
    let mut room = MAX_SECTIONS;
    let fits = |section: &DocSection| {
        let length = json!(section).to_string().chars().count() + 1;
        room.checked_sub(length).map(|left| room = left).is_some()
    };
    sections.into_iter().take_while(fits).collect()
}

/// How many characters of `text` to return: at most `wanted`, and only as many as fit `room` once they are escaped as JSON.
fn fitting(text: &[char], wanted: usize, room: usize) -> usize {
    let mut used = 0;
    for (index, character) in text.iter().take(wanted).enumerate() {
        used += match character {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            control if control.is_control() => 6,
            _ => 1,
        };
        if used > room && index > 0 {
            return index;
        }
    }
    text.len().min(wanted)
}

/// The characters from a section's heading to the next heading of the same or a higher level.
fn section<'a>(
    text: &'a [char],
    sections: &[DocSection],
    slug: &str,
) -> Result<&'a [char], ToolError> {
    let Some(index) = sections.iter().position(|section| section.slug == slug) else {
        let slugs: Vec<_> = sections.iter().map(|section| section.slug.as_str()).collect();
        return Err(ToolError::new(
            ErrorCode::SectionNotFound,
            format!("The document has no section {slug:?}."),
        )
        .hint("The sections are in the details and in the result of a call without `section`.")
        .details(json!({ "sections": slugs })));
    };
    let position = |section: &DocSection| usize::try_from(section.offset).unwrap_or(text.len());
    let level = sections[index].level;
    let next = sections[index + 1..].iter().find(|section| section.level <= level);
    Ok(&text[position(&sections[index])..next.map_or(text.len(), position)])
}

/// The ATX headings of a Markdown text outside fenced code, with slugs that are unique.
fn sections(markdown: &str) -> Vec<DocSection> {
    let mut sections: Vec<DocSection> = Vec::new();
    let mut taken = HashSet::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut fence = None;
    let mut offset = 0;
    for line in markdown.split_inclusive('\n') {
        let start = offset;
        offset += length(line);
        let trimmed = line.trim_start();
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) {
            fence = match fence {
                None => Some(mark),
                Some(open) if open == mark => None,
                open => open,
            };
            continue;
        }
        let level = trimmed.bytes().take_while(|octet| *octet == b'#').count();
        let title = trimmed[level..].trim().trim_end_matches('#').trim_end();
        if fence.is_some()
            || !(1..=6).contains(&level)
            || !trimmed[level..].starts_with([' ', '\t'])
            || title.is_empty()
        {
            continue;
        }
        let base = slug(title);
        let number = numbers.entry(base.clone()).or_insert(1);
        let mut unique = base.clone();
        while !taken.insert(unique.clone()) {
            *number += 1;
            unique = format!("{base}-{number}");
        }
        sections.push(DocSection {
            slug: unique,
            title: title.to_owned(),
            level: i64::try_from(level).unwrap_or(6),
            offset: start,
        });
    }
    sections
}

fn slug(title: &str) -> String {
    let lower = title.to_lowercase();
    let words: Vec<_> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "section".to_owned() } else { words.join("-") }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{MAX_SECTIONS, fitting, sections, shown};

    #[test]
    fn headings_outside_code_become_sections_with_unique_slugs() {
        let markdown = "# Äpfel\n\n```sh\n# not a heading\n```\n## Events\ntext\n## Events ##\n#no\n####### deep\n";
        let found: Vec<_> =
            sections(markdown).into_iter().map(|s| (s.slug, s.level, s.offset)).collect();
        assert_eq!(
            found,
            [
                ("äpfel".to_owned(), 1, 0),
                ("events".to_owned(), 2, 35),
                ("events-2".to_owned(), 2, 50)
            ]
        );
    }

    #[test]
    fn a_document_of_headings_alone_keeps_unique_slugs_and_a_short_list() {
        let found = sections(&"## Properties\n".repeat(3000));
        assert_eq!((found.len(), found[2999].slug.as_str()), (3000, "properties-3000"));
        let listed = shown(found);
        assert!(
            listed.len() > 100 && serde_json::json!(listed).to_string().len() < MAX_SECTIONS + 10
        );
    }

    #[test]
    fn a_part_fits_its_room_and_always_moves_on() {
        let text: Vec<char> = "a\n".repeat(100).chars().collect();
        assert_eq!(fitting(&text, 50, 1000), 50);
        assert_eq!(fitting(&text, 500, 1000), 200);
        assert_eq!(fitting(&text, 200, 30), 20);
        assert_eq!(fitting(&text, 200, 0), 1);
    }
}
