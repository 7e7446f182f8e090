//! What a person sees who asks.

use crate::support::Home;

fn help(arguments: &[&str]) -> String {
    Home::new().run(arguments).ok()
}

#[test]
fn the_command_explains_itself() {
    insta::assert_snapshot!("help", help(&["--help"]));
    insta::assert_snapshot!("help_short", help(&["-h"]));
}

#[test]
fn every_command_explains_itself() {
    for command in ["login", "logout", "whoami", "tools", "call", "query", "completions"] {
        insta::assert_snapshot!(format!("help_{command}"), help(&[command, "--help"]));
    }
}

#[test]
fn a_tool_is_explained_from_the_catalogue() {
    insta::assert_snapshot!("help_call_list_tables", help(&["call", "list_tables", "--help"]));
    insta::assert_snapshot!("help_call_save_dashboard", help(&["call", "save_dashboard", "-h"]));
}

#[test]
fn a_command_without_anything_says_what_there_is() {
    let run = Home::new().run(&[]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("Usage: lookout") && run.err.contains("whoami"), "{}", run.err);
}

#[test]
fn every_shell_gets_its_completions_with_tools_and_their_flags() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = help(&["completions", shell]);
        for word in ["list_tables", "name-contains", "read-only"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// The script is at least one that bash accepts.
#[cfg(unix)]
#[test]
fn bash_completes_a_flag_of_a_tool() {
    let home = Home::new();
    std::fs::write(home.path().join("lookout.bash"), help(&["completions", "bash"])).unwrap();
    let script = "source ./lookout.bash; COMP_WORDS=(lookout call list_tables --na); COMP_CWORD=3; \
                  _lookout lookout --na list_tables; echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", script]).current_dir(home.path());
    assert_eq!(home.finish(bash).ok(), "--name-contains\n");
}
