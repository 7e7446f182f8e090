//! Passwords: Argon2id with m = 19 MiB, t = 2, p = 1 (OWASP password storage), as PHC text.
//!
//! Hashing costs about a tenth of a second of one core, so it runs off the request threads and at most two at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::entropy::Entropy;

/// The fewest characters of a new password.
pub const SHORTEST: usize = 12;
/// The most bytes of a password that are looked at.
pub const LONGEST: usize = 128;

const AT_ONCE: usize = 2;
const WAITING: usize = 16;

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    queue: Semaphore,
    turn: Semaphore,
    nobodys: String,
}

impl Passwords {
    /// Prepares hashing, with a hash that stands in for unknown people.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut unguessable = Zeroizing::new([0; 32]);
        entropy.fill(&mut *unguessable);
        Self {
            queue: Semaphore::new(AT_ONCE + WAITING),
            turn: Semaphore::new(AT_ONCE),
            nobodys: hash(&*unguessable, entropy),
        }
    }

    /// How many passwords are being checked or wait for it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        (AT_ONCE + WAITING).saturating_sub(self.queue.available_permits())
    }

    /// Whether `password` is the one that was hashed. Takes as long when there is nobody to compare with.
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<&str>,
    ) -> Result<bool, TooManySignIns> {
        let _place = self.queue.try_acquire().map_err(|_| TooManySignIns)?;
        let _turn = self.turn.acquire().await.map_err(|_| TooManySignIns)?;
        let expected = hash.unwrap_or(&self.nobodys).to_owned();
        let exists = hash.is_some();
        let matches = move || {
            password.len() <= LONGEST
                && PasswordHash::new(&expected)
                    .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
        };
        Ok(tokio::task::spawn_blocking(matches).await.unwrap_or(false) && exists)
    }
}

/// More people sign in at once than this server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many people sign in at once; try again in a moment")]
pub struct TooManySignIns;

/// The PHC text of `password`.
#[must_use]
pub fn hash(password: &[u8], entropy: &dyn Entropy) -> String {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    argon2()
        .hash_password_with_salt(password, &salt)
        .expect("a salt of 16 bytes and these parameters are within Argon2's limits")
        .to_string()
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(19 * 1024, 2, 1, None).expect("the parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}
