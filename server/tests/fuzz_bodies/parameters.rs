//! F1: forms and queries, against a decoder written from the specification (URL Standard section 5.1).

use lookout_server::authority::parameters::Parameters;

pub(crate) fn check(bytes: &[u8]) {
    let ours = Parameters::parse(bytes);
    let expected = decode(bytes);
    for (name, _) in &expected {
        let values: Vec<&str> = ours.values(name).collect();
        let same = |(key, value): &(String, String)| (key == name).then(|| value.clone());
        let theirs: Vec<String> = expected.iter().filter_map(same).collect();
        assert_eq!(values, theirs, "{name:?}");
        assert_eq!(ours.repeats(name), theirs.len() > 1, "{name:?}");
        let first = theirs.first().filter(|value| !value.is_empty());
        assert_eq!(ours.value(name), first.map(String::as_str), "{name:?}");
    }
    let is_repeated = |index: usize| expected[..index].iter().any(|(n, _)| *n == expected[index].0);
    let repeated = (0..expected.len()).find(|&index| is_repeated(index));
    assert_eq!(ours.repeated(), repeated.map(|index| expected[index].0.as_str()));
    assert!(Parameters::parse(ours.encode().as_bytes()) == ours, "encoding loses something");
}

fn decode(bytes: &[u8]) -> Vec<(String, String)> {
    let sequences = bytes.split(|&byte| byte == b'&').filter(|sequence| !sequence.is_empty());
    let pairs = sequences.map(|sequence| {
        let end = sequence.iter().position(|&byte| byte == b'=').unwrap_or(sequence.len());
        (text(&sequence[..end]), text(sequence.get(end + 1..).unwrap_or_default()))
    });
    pairs.collect()
}

fn text(bytes: &[u8]) -> String {
    let mut decoded = Vec::new();
    let mut index = 0;
    while index < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (bytes[index], digit(index + 1), digit(index + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits"));
                index += 2;
            }
            (b'+', ..) => decoded.push(b' '),
            (byte, ..) => decoded.push(byte),
        }
        index += 1;
    }
    // No database keeps the character NUL, and it stands for nothing that could be meant.
    String::from_utf8_lossy(&decoded).replace('\0', "\u{fffd}")
}
