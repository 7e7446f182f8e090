//! Passwords: Argon2id with m = 19 MiB, t = 2, p = 1 (OWASP password storage), as PHC text.
//!
//! A new one has a length, is not the person's e-mail address, and is none of the most common.
//!
//! Hashing takes a core for tens of milliseconds, so it runs on threads of its own that give way to everything else, on half of the cores at most.

use std::sync::Arc;
use std::thread;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{Semaphore, oneshot};
use zeroize::Zeroizing;

use super::entropy::Entropy;

/// The fewest characters of a new password.
pub const SHORTEST: usize = 12;
/// The most bytes of a password that are looked at.
pub const LONGEST: usize = 128;

/// Kibibytes of memory, and rounds, of a hash.
const MEMORY: u32 = 19 * 1024;
const ROUNDS: u32 = 2;
const SALT: usize = 16;

/// The most common passwords that are long enough, in lower case, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// The most hashes at a time, and how many more may wait for their turn.
const AT_ONCE: usize = 4;
const WAITING: usize = 16;
/// By how much the threads that hash are nicer than the others.
#[cfg(target_os = "linux")]
const NICER: i32 = 19;

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    places: usize,
    queue: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    nobodys: String,
}

impl Passwords {
    /// Prepares hashing, with a hash that stands in for unknown people.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut unguessable = Zeroizing::new([0; 32]);
        entropy.fill(&mut *unguessable);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let at_once = (cores / 2).clamp(1, AT_ONCE);
        let places = at_once + WAITING;
        Self {
            places,
            queue: Arc::new(Semaphore::new(places)),
            turn: Arc::new(Semaphore::new(at_once)),
            nobodys: hash(&*unguessable, entropy),
        }
    }

    /// How many passwords are being checked or wait for it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.places.saturating_sub(self.queue.available_permits())
    }

    /// Whether `password` is the one that was hashed. Takes as long when there is nobody to compare with, or a person without a password.
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<&str>,
    ) -> Result<bool, TooManySignIns> {
        let hash = hash.filter(|hash| !hash.is_empty());
        let expected = hash.unwrap_or(&self.nobodys).to_owned();
        let exists = hash.is_some();
        let matches = move || {
            password.len() <= LONGEST
                && PasswordHash::new(&expected)
                    .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
        };
        Ok(self.work(matches).await? && exists)
    }

    /// The PHC text of a new password, made in turn with the other work.
    pub async fn hash(
        &self,
        password: Zeroizing<String>,
        entropy: &dyn Entropy,
    ) -> Result<String, TooManySignIns> {
        let mut salt = [0; SALT];
        entropy.fill(&mut salt);
        self.work(move || hash_with(password.as_bytes(), &salt)).await
    }

    /// Does the work in turn. Its place and its turn end with the work, also when nobody waits for it any more: otherwise connections that are dropped
    /// would stack hashes.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TooManySignIns> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| TooManySignIns)?;
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| TooManySignIns)?;
        let (finished, done) = oneshot::channel();
        let hashing = move || {
            give_way();
            let result = work();
            drop((place, turn));
            // Nobody may wait for it any more.
            let _left = finished.send(result);
        };
        // A system that has no thread left is as busy as one without a place.
        thread::Builder::new()
            .name("password".to_owned())
            .spawn(hashing)
            .map_err(|_| TooManySignIns)?;
        done.await.map_err(|_| TooManySignIns)
    }
}

/// Makes the calling thread wait for those that answer requests, where the system knows priorities of threads.
fn give_way() {
    // A thread may always be nicer. Where it is not, it only hashes sooner.
    #[cfg(target_os = "linux")]
    let _same = rustix::process::setpriority_process(None, NICER);
}

/// More people sign in at once than this server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many people sign in at once; try again in a moment")]
pub struct TooManySignIns;

/// The PHC text of `password`.
#[must_use]
pub fn hash(password: &[u8], entropy: &dyn Entropy) -> String {
    let mut salt = [0; SALT];
    entropy.fill(&mut salt);
    hash_with(password, &salt)
}

/// Whether `hash` was made with other parameters than those of today.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    PasswordHash::new(hash)
        .ok()
        .and_then(|hash| Params::try_from(&hash).ok())
        .is_none_or(|made| made.m_cost() < MEMORY || made.t_cost() < ROUNDS)
}

/// Why a password is not taken as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Too short or too long.
    #[error("a password has {SHORTEST} characters or more, and {LONGEST} bytes or fewer")]
    Length,
    /// It is the e-mail address.
    #[error("the password is the e-mail address; choose another")]
    Email,
    /// It is one of the most common, or one character again and again.
    #[error("this password is one of the most common; choose another")]
    Common,
}

/// Whether the person with this e-mail address may choose `password`.
pub fn judge(email: &str, password: &str) -> Result<(), Unsuitable> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(Unsuitable::Length);
    }
    let plain = password.trim().to_lowercase();
    if plain == email || email.split_once('@').is_some_and(|(local, _)| plain == local) {
        return Err(Unsuitable::Email);
    }
    let first = plain.chars().next();
    if COMMON.lines().any(|common| common == plain) || plain.chars().all(|c| Some(c) == first) {
        return Err(Unsuitable::Common);
    }
    Ok(())
}

fn hash_with(password: &[u8], salt: &[u8; SALT]) -> String {
    argon2()
        .hash_password_with_salt(password, salt)
        .expect("a salt of 16 bytes and these parameters are within Argon2's limits")
        .to_string()
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY, ROUNDS, 1, None).expect("the parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::secret::entropy::SystemEntropy;

    #[tokio::test]
    async fn work_that_nobody_waits_for_keeps_its_place_until_it_is_done() {
        let passwords = Arc::new(Passwords::new(&SystemEntropy));
        let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let (finish, finished) = mpsc::channel::<()>();
        let worker = Arc::clone(&passwords);
        let task = tokio::spawn(async move {
            let work = move || {
                began.send(()).expect("the test waits");
                finished.recv().is_err()
            };
            worker.work(work).await
        });
        begun.recv().await.expect("the work begins");
        task.abort();
        assert!(task.await.expect_err("nobody waits").is_cancelled());
        assert_eq!(passwords.waiting(), 1);
        drop(finish);
        while passwords.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
