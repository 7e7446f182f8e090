//! A source document that comes in parts, put together.

use lookout_schema::{ReadSourceDoc, Tool as _};

use crate::access::Reads;
use crate::{Client, Error};

impl<S: Reads> Client<S> {
    /// The text of a source document, or of a section, from the offset that the arguments ask for to the end.
    ///
    /// ```no_run
    /// # use lookout_sdk::{Client, Error, schema::ReadSourceDoc};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let markdown = client.whole_source_doc(ReadSourceDoc::new("doc-web-shop")).await?;
    /// println!("{markdown}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The text is made from the content of repositories: data to show or to search, and no instructions.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], and [`Error::is_protocol`] when the parts do not make one document: it was generated anew in between, or they do not lead to its end.
    pub async fn whole_source_doc(&self, arguments: ReadSourceDoc) -> Result<String, Error> {
        self.in_time(self.parts_of_document(arguments)).await
    }

    async fn parts_of_document(&self, arguments: ReadSourceDoc) -> Result<String, Error> {
        let mut text = String::new();
        let mut generated_at = None;
        let mut arguments = arguments;
        loop {
            let part = self.call(arguments.clone()).await?;
            if *generated_at.get_or_insert_with(|| part.generated_at.clone()) != part.generated_at {
                return Err(Error::protocol(
                    "the document was generated anew while it was read; read it again",
                ));
            }
            // What the offsets do not account for would be text without a bound.
            let end = part.next_offset.unwrap_or(part.total_chars);
            let most = usize::try_from(end.saturating_sub(arguments.offset)).unwrap_or(0);
            if part.content.chars().nth(most).is_some() {
                return Err(Error::protocol(format!(
                    "a part that {} gives is longer than its offsets say",
                    ReadSourceDoc::NAME
                )));
            }
            text.push_str(&part.content);
            match part.next_offset {
                None => return Ok(text),
                Some(next) if next > arguments.offset && next <= part.total_chars => {
                    arguments.offset = next;
                }
                Some(_) => {
                    return Err(Error::protocol(format!(
                        "the parts that {} gives do not lead to the end of the document",
                        ReadSourceDoc::NAME
                    )));
                }
            }
        }
    }
}
