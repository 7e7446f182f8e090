//! Secrets: what a client, a browser or a person holds to prove something to this server.
//!
//! Every kind has its own type, so a refresh token cannot be passed where an access token is expected, and its own prefix, so a leak is recognisable.
//! The text is `prefix`, 43 base62 characters (256 bits), and 6 base62 characters of CRC-32 over everything before them.
//! The checksum is for secret scanners and lets a mistyped secret be refused without a look-up; it protects nothing.
//! Only a keyed digest is stored ([`keys`]).
//!
//! There is no `Display`, no `Serialize` and no equality here: a secret leaves the process only where [`Secret::expose`] is called.

pub mod entropy;
pub mod keys;
pub mod password;
pub mod scan;

use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroizing;

use entropy::{Entropy, base62};

const RANDOM_CHARACTERS: usize = 43;
const CHECK_CHARACTERS: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which kind a secret is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// An OAuth access token.
    Access,
    /// An OAuth refresh token.
    Refresh,
    /// A token that a person made on the tokens page.
    Programmatic,
    /// An authorization code.
    Code,
    /// The secret of a confidential client.
    Client,
    /// The value of the web session cookie.
    Session,
    /// A link that lets its holder choose a password, once.
    Setup,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Access,
        Self::Refresh,
        Self::Programmatic,
        Self::Code,
        Self::Client,
        Self::Session,
        Self::Setup,
    ];

    /// What a secret of this kind begins with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "lkoat_",
            Self::Refresh => "lkort_",
            Self::Programmatic => "lkmcp_",
            Self::Code => "lkoac_",
            Self::Client => "lkocs_",
            Self::Session => "lkses_",
            Self::Setup => "lkset_",
        }
    }

    /// The kind that `presented` is of, or `None` when its prefix, length, alphabet or checksum is wrong.
    #[must_use]
    pub fn of(presented: &str) -> Option<Self> {
        let kind = Self::ALL.iter().copied().find(|kind| presented.starts_with(kind.prefix()))?;
        let body = &presented.as_bytes()[kind.prefix().len()..];
        if body.len() != RANDOM_CHARACTERS + CHECK_CHARACTERS
            || !body.iter().all(u8::is_ascii_alphanumeric)
        {
            return None;
        }
        let (checked, check) = presented.split_at(presented.len() - CHECK_CHARACTERS);
        (checksum(checked) == check).then_some(kind)
    }
}

/// A type-level [`SecretKind`].
pub trait Kind: Send + Sync + 'static {
    /// The kind as a value.
    const KIND: SecretKind;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $alias:ident, $kind:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Kind for $name {
            const KIND: SecretKind = SecretKind::$kind;
        }
        $(#[$doc])*
        pub type $alias = Secret<$name>;
    )+};
}

kinds! {
    /// An OAuth access token, `lkoat_…`.
    AccessKind, AccessToken, Access;
    /// An OAuth refresh token, `lkort_…`.
    RefreshKind, RefreshToken, Refresh;
    /// A programmatic token, `lkmcp_…`.
    ProgrammaticKind, ProgrammaticToken, Programmatic;
    /// An authorization code, `lkoac_…`.
    CodeKind, AuthorizationCode, Code;
    /// A client secret, `lkocs_…`.
    ClientKind, ClientSecret, Client;
    /// A web session, `lkses_…`.
    SessionKind, SessionSecret, Session;
    /// What a setup link carries, `lkset_…`.
    SetupKind, SetupSecret, Setup;
}

/// A secret of the kind `K`. Its memory is wiped when it is dropped.
pub struct Secret<K> {
    text: Zeroizing<String>,
    kind: PhantomData<K>,
}

impl<K: Kind> Secret<K> {
    /// A new secret from 256 bits of `entropy`.
    #[must_use]
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(K::KIND.prefix());
        text.push_str(&Zeroizing::new(base62(entropy, RANDOM_CHARACTERS)));
        let check = checksum(&text);
        text.push_str(&check);
        Self { text, kind: PhantomData }
    }

    /// Reads a presented secret; `None` when it cannot be one of this kind.
    #[must_use]
    pub fn parse(presented: &str) -> Option<Self> {
        (SecretKind::of(presented)? == K::KIND)
            .then(|| Self { text: Zeroizing::new(presented.to_owned()), kind: PhantomData })
    }

    /// The text, for the one response that hands it over and for digesting.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The prefix and the first three random characters: enough to recognise a secret in a list, 18 bits of 256.
    #[must_use]
    pub fn hint(&self) -> String {
        self.text[..K::KIND.prefix().len() + 3].to_owned()
    }
}

impl<K> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECK_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}
