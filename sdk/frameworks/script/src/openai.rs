//! The scripted model behind the API of OpenAI's chat completions, on a port of this machine.

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{Step, next};

/// Starts it, and returns its URL with the version in it, as `OPENAI_BASE_URL` has it. It runs as long as the program.
///
/// # Errors
///
/// When no port can be opened.
pub async fn start() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Err(error) = serve(stream).await {
                    eprintln!("the scripted model: {error}");
                }
            });
        }
    });
    Ok(url)
}

/// One request on one connection.
async fn serve(stream: TcpStream) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let (status, answer) = match complete(&serde_json::from_slice(&body)?) {
        Ok(answer) => ("200 OK", answer),
        Err(error) => ("400 Bad Request", json!({ "error": { "message": error.to_string() } })),
    };
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(answer.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

fn complete(request: &Value) -> Result<Value> {
    let messages =
        request["messages"].as_array().ok_or_else(|| anyhow!("there are no messages"))?;
    let step = next(&results(messages));
    let message = match &step {
        Step::Say(text) => json!({ "role": "assistant", "content": text, "refusal": null }),
        Step::Call { name, arguments } => {
            let tools = request["tools"].as_array().into_iter().flatten();
            let mut offered = tools.filter(|tool| {
                tool["type"] == "function" && tool["function"]["parameters"]["type"] == "object"
            });
            if !offered.any(|tool| tool["function"]["name"] == *name) {
                return Err(anyhow!("the tool {name} was not offered"));
            }
            let function = json!({ "name": name, "arguments": arguments.to_string() });
            let call = json!({ "id": format!("call_{}", messages.len()), "type": "function", "function": function });
            json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": [call] })
        }
    };
    let reason = if matches!(step, Step::Say(_)) { "stop" } else { "tool_calls" };
    Ok(json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{ "index": 0, "message": message, "finish_reason": reason, "logprobs": null }],
        "usage": { "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 },
    }))
}

/// What the tools answered so far, in the order of the messages.
fn results(messages: &[Value]) -> Vec<String> {
    let answers = messages.iter().filter(|message| message["role"] == "tool");
    answers.map(|message| text(&message["content"])).collect()
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        other => other.to_string(),
    }
}
