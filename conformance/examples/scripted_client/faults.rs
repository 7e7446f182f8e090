//! Every defect that can be switched on, in one table.
//!
//! A fault is one condition where it makes the difference, so what is read there without it is the
//! right way. `MC-…` numbers are those of the catalogue of client mutants that the harness has to
//! find.

use std::env;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, OnceLock};

use crate::failure::{Outcome, fail};

static ON: OnceLock<Vec<Fault>> = OnceLock::new();
static NOTES: OnceLock<(String, Mutex<Vec<Fault>>)> = OnceLock::new();

/// Whether this client makes the mistake. Asked last of all conditions, so that it is asked only
/// where the answer makes a difference.
pub(crate) fn has(fault: Fault) -> bool {
    note(fault);
    is_on(fault)
}

/// The same where it cannot be asked last: the place where it makes a difference is noted by hand.
pub(crate) fn is_on(fault: Fault) -> bool {
    ON.get().is_some_and(|on| on.contains(&fault))
}

/// From now on notes in a file which mistakes would have made a difference.
pub(crate) fn note_to(path: String) {
    NOTES.get_or_init(|| (path, Mutex::default()));
}

pub(crate) fn note(fault: Fault) {
    let Some((path, noted)) = NOTES.get() else { return };
    let mut noted = noted.lock().expect("no holder panics");
    if noted.contains(&fault) {
        return;
    }
    noted.push(fault);
    let scenario = env::var("LOOKOUT_CONFORMANCE_SCENARIO").unwrap_or_default();
    let name = ALL.iter().find(|(have, ..)| *have == fault).map_or("", |(_, name, _)| name);
    // One write, so that lines of several processes do not mix.
    let line = format!("{scenario} {name}\n");
    let file = File::options().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).ok();
}

/// Makes the mistakes of these names, once and for the whole process.
pub(crate) fn switch_on(names: &[String]) -> Outcome<()> {
    let mut on = Vec::new();
    for name in names {
        match ALL.iter().find(|(_, have, _)| have == name) {
            Some((fault, ..)) => on.push(*fault),
            None => return fail(format!("there is no fault {name}: --fault list has them")),
        }
    }
    ON.get_or_init(|| on);
    Ok(())
}

/// Every name with its sentence, a line each.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for (_, name, mistake) in ALL {
        writeln!(text, "{name}: {mistake}").expect("a string takes everything");
    }
    text
}

macro_rules! faults {
    ($($fault:ident $name:literal $mistake:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($fault,)*
        }

        const ALL: &[(Fault, &str, &str)] = &[$((Fault::$fault, $name, $mistake),)*];
    };
}

faults! {
    // Where to authorize.
    ChallengePointerIgnored "challenge-pointer-ignored" "The resource metadata that the challenge points to is not asked for."
    RootFormFirst "root-form-first" "MC-21: the root form of the resource metadata is asked for before all others."
    PathFormSkipped "path-form-skipped" "MC-21: the path-inserted form of the resource metadata is not asked for."
    RootFormSkipped "root-form-skipped" "The root form of the resource metadata is never asked for."
    ResourceUnchecked "resource-unchecked" "MC-13: resource metadata may be for another resource."
    ResourcePrefixAccepted "resource-prefix-accepted" "MC-13: resource metadata may be for any beginning of the server's address."
    ResourceSlashIgnored "resource-slash-ignored" "MC-13: a slash at the end of the resource does not count."
    IssuerPathIgnored "issuer-path-ignored" "MC-21: the path of an issuer is left out of its well-known addresses."
    OpenidFirst "openid-first" "MC-21: the forms of the metadata address are tried in the reverse order."
    OpenidSkipped "openid-skipped" "Only the RFC 8414 form of the metadata address is tried."
    OpenidAppendedSkipped "openid-appended-skipped" "The OpenID form with the suffix behind the issuer's path is not tried."
    DiscoveryStopsAt404 "discovery-stops-at-404" "A missing document ends discovery."
    DiscoveryEndless "discovery-endless" "Missing metadata is asked for forty times."
    DefaultEndpoints "default-endpoints" "Without metadata, endpoints are guessed."
    IssuerUnchecked "issuer-unchecked" "MC-06: metadata may name another issuer."
    IssuerNormalized "issuer-normalized" "MC-06: issuers are compared without case and slashes."
    ChallengeMethodsUnchecked "challenge-methods-unchecked" "MC-05: nobody asks whether the server supports S256."
    ChallengeMethodsAbsentAccepted "challenge-methods-absent-accepted" "MC-05: a server that says nothing of PKCE counts as one that supports it."
    MetadataRedirectsFollowed "metadata-redirects-followed" "Metadata is fetched from wherever a redirect leads."
    FetchesPrivateAddresses "fetches-private-addresses" "MC-20: metadata is fetched from link-local and private addresses, and in the clear."
    OauthSizeUnbounded "oauth-size-unbounded" "MC-33: OAuth answers may be of any size."
    OauthTimeUnbounded "oauth-time-unbounded" "OAuth answers may take two minutes."
    DoubledKeysAccepted "doubled-keys-accepted" "Of a doubled key in an OAuth answer, the last counts."
    IssuerChangeUnseen "issuer-change-unseen" "The first authorization server is used forever."
    // Challenges.
    OneChallenge "one-challenge" "Only the first challenge of an answer is read."
    OneChallengeLine "one-challenge-line" "Only the first WWW-Authenticate line is read."
    ChallengeCaseMatters "challenge-case-matters" "Schemes and parameters of challenges are compared with case."
    QuotedCommaSplits "quoted-comma-splits" "A comma ends a parameter even between quotes."
    EscapesKept "escapes-kept" "Escaped characters between quotes keep their backslash."
    // Registration.
    ApplicationTypeMissing "application-type-missing" "The registration does not say what kind of program this is."
    ApplicationTypeWeb "application-type-web" "A program with a loopback redirect registers as a web application."
    RefreshNotRegistered "refresh-not-registered" "The refresh grant is used without being registered."
    ForeignRedirectRegistered "foreign-redirect-registered" "A redirect URI in the clear at another host is registered too."
    RedirectRegisteredWrongly "redirect-registered-wrongly" "Another redirect URI is registered than is used."
    RedirectOfOtherHost "redirect-of-other-host" "The redirect URI names localhost, where 127.0.0.1 was registered."
    RegistrationRepeated "registration-repeated" "A refused registration is tried twenty times."
    RegisteredMethodIgnored "registered-method-ignored" "The authentication method that was registered is not the one that is used."
    DocumentWithoutPath "document-without-path" "The client identifier is an https address without a path."
    RegistersEveryTime "registers-every-time" "Every flow registers a new client."
    ClientReusedAtNewIssuer "client-reused-at-new-issuer" "A client identifier of one authorization server is used at another."
    GivenClientUsedAnywhere "given-client-used-anywhere" "A pre-registered identifier is used at any authorization server."
    // The authorization request.
    ChallengeMissing "pkce-missing" "MC-01: there is no PKCE."
    ChallengePlain "pkce-plain" "MC-02: the code challenge is the verifier itself."
    ChallengeMethodMissing "pkce-method-missing" "MC-02: the challenge method is left out, which means plain."
    VerifierShort "verifier-short" "MC-04: the verifier has twenty characters."
    VerifierSeeded "verifier-seeded" "MC-04: the verifier is the same in every process."
    VerifierReused "verifier-reused" "The verifier of the first flow is used for all."
    VerifierNotSent "verifier-not-sent" "The code is exchanged without the verifier."
    StateMissing "state-missing" "MC-11: the authorization request has no state."
    StateConstant "state-constant" "MC-11: the state is always the same."
    ResourceMissingAtAuthorization "resource-missing-at-authorization" "MC-14: the authorization request names no resource."
    ResourceMissingAtExchange "resource-missing-at-exchange" "MC-14: the exchange of the code names no resource."
    ResourceMissingAtRefresh "resource-missing-at-refresh" "MC-14: the refresh names no resource."
    ResourceWithSlash "resource-with-slash" "The resource has a slash behind it that the server's address has not."
    ResourceIsOrigin "resource-is-origin" "The resource is the server's host, without its path."
    ChallengeScopeIgnored "challenge-scope-ignored" "The scope in the challenge does not count."
    SupportedScopesIgnored "supported-scopes-ignored" "Without a scope in the challenge none is asked for, though some are listed."
    AllScopesAsked "all-scopes-asked" "Every scope that exists is asked for."
    OfflineAccessAlways "offline-access-always" "offline_access is asked for though the server does not list it."
    AnyAuthorizationUrl "any-authorization-url" "MC-19: the browser is given addresses of any scheme and any characters."
    BrowserThroughShell "browser-through-shell" "MC-19: the browser is started by a shell."
    // The authorization response.
    StateUnchecked "state-unchecked" "MC-11: the state of a response does not count."
    StateAbsentAccepted "state-absent-accepted" "A response without a state is taken."
    StatePrefixAccepted "state-prefix-accepted" "Of the state, only the beginning is compared."
    StateCaseIgnored "state-case-ignored" "The state is compared without case."
    IssUnchecked "iss-unchecked" "MC-07: the issuer in a response does not count."
    IssUncheckedUnlessAdvertised "iss-unchecked-unless-advertised" "The issuer counts only where the metadata promises one."
    IssUncheckedOnErrors "iss-unchecked-on-errors" "The issuer of an error response does not count."
    IssAbsentAccepted "iss-absent-accepted" "A response may lack the issuer that the metadata promises."
    IssSlashIgnored "iss-slash-ignored" "MC-09: a slash at the end of the issuer does not count."
    IssCaseIgnored "iss-case-ignored" "MC-09: the issuer is compared without case."
    IssParsedBeforeCompared "iss-parsed-before-compared" "MC-09: issuers are parsed as URLs before they are compared."
    IssPrefixAccepted "iss-prefix-accepted" "The issuer may go on behind the one that is expected."
    ErrorShownDespiteIss "error-shown-despite-iss" "MC-10: the error of a response from another issuer is shown."
    CodeBesideErrorUsed "code-beside-error-used" "A code is used though an error came with it."
    CodeSentTwice "code-sent-twice" "Every code is exchanged twice."
    DoubledParametersAccepted "doubled-parameters-accepted" "Of a doubled parameter in a response, the first counts."
    ListensEverywhere "listens-everywhere" "The callback listens on all interfaces."
    CallbackAnyPath "callback-any-path" "The callback takes any path."
    CallbackAnyMethod "callback-any-method" "The callback takes any method."
    CallbackAnyHost "callback-any-host" "The callback takes any Host."
    CallbackStaysOpen "callback-stays-open" "The callback goes on listening after its answer."
    PageReflects "page-reflects" "The callback's page repeats the error description as it is."
    WaitsForever "waits-forever" "The callback is waited for without end."
    DenialAskedAgain "denial-asked-again" "A person who declines is asked twice more."
    WindowPerRequest "window-per-request" "Requests that are refused at once each open a browser."
    // Tokens.
    OauthPostRedirectsFollowed "oauth-post-redirects-followed" "MC-17: codes and secrets go wherever the token endpoint redirects to."
    TokenTypeUnchecked "token-type-unchecked" "MC-28: tokens may be of any type."
    TokenTypeAbsentAccepted "token-type-absent-accepted" "A token may have no type."
    TokenCharactersUnchecked "token-characters-unchecked" "MC-28: a token may have line breaks in it."
    NumberAsTokenAccepted "number-as-token-accepted" "A token may be a number."
    LifetimeUnchecked "lifetime-unchecked" "MC-28: expires_in may be negative, huge or no number."
    ClientIdMissingAtToken "client-id-missing-at-token" "The token request does not say which public client sends it."
    AccessTokenToAuthorizationServer "access-token-to-authorization-server" "The access token goes to the authorization server with each refresh."
    TokenInQuery "token-in-query" "MC-15: the access token is in the address and not in the header."
    TokenInQueryToo "token-in-query-too" "MC-15: the access token is in the address as well."
    TokenOnFirstRequestOnly "token-on-first-request-only" "Only the first requests carry the access token."
    RedirectsFollowed "redirects-followed" "The access token goes wherever the MCP server redirects to."
    ExpiryIgnored "expiry-ignored" "An expired token is sent until the server refuses it."
    RefreshBeforeEveryRequest "refresh-before-every-request" "The token is refreshed before every request."
    EveryRequestRefreshes "every-request-refreshes" "MC-25: requests that are refused at once each refresh the token."
    RefreshTokenSentTwice "refresh-token-sent-twice" "Every refresh token is sent twice."
    RotationIgnored "rotation-ignored" "The first refresh token is used forever."
    UnrotatedTokenDropped "unrotated-token-dropped" "A refresh token that is not replaced is thrown away."
    RefreshAsksForMore "refresh-asks-for-more" "A refresh asks for scopes that were not granted."
    SavedAfterUse "saved-after-use" "MC-26: new tokens are kept only after they were used."
    UnavailableEndsGrant "unavailable-ends-grant" "MC-27: a refresh token is thrown away because the server was busy."
    UnavailableHammered "unavailable-hammered" "A busy token endpoint is asked thirty times without a pause."
    RetryAfterIgnored "retry-after-ignored" "A busy token endpoint is asked again before the time it named."
    InvalidGrantRetried "invalid-grant-retried" "MC-27: a refused refresh token is sent again and again."
    InvalidGrantEndsStep "invalid-grant-ends-step" "A refused refresh token is kept, and nobody is asked to sign in."
    NeverRefreshes "never-refreshes" "The refresh token is never used."
    RefreshTokenToNewIssuer "refresh-token-to-new-issuer" "The refresh token of one authorization server is sent to another."
    RefusalRepeated "refusal-repeated" "A server that refuses every token is given ever new ones."
    // Scopes, end and store.
    StepUpNever "step-up-never" "A missing scope is never asked for."
    StepUpEndless "step-up-endless" "MC-23: a server that always wants more scopes is given ever new tokens."
    StepUpWithoutUnion "step-up-without-union" "A step-up asks for the missing scopes alone."
    StepUpChallengeIgnored "step-up-challenge-ignored" "A step-up asks for the supported scopes instead of the missing ones."
    SignOutRevokesNothing "sign-out-revokes-nothing" "Signing out revokes nothing."
    RevokesAccessTokenOnly "revokes-access-token-only" "Signing out leaves the refresh token alive."
    KeptUnlessRevoked "kept-unless-revoked" "Tokens whose revocation failed are kept and used."
    SignOutKeepsTokens "sign-out-keeps-tokens" "Signing out deletes nothing."
    StoreReadableByAll "store-readable-by-all" "MC-30: the store is readable by everyone."
    TokensInOutput "tokens-in-output" "MC-30: the access token is in the output."
    ServerTextUnescaped "server-text-unescaped" "What a server says is shown with its control characters."
    ServerTextUncapped "server-text-uncapped" "What a server says is shown at any length."
    TlsUnverified "tls-unverified" "MC-31: any certificate will do."
    FallsBackToHttp "falls-back-to-http" "MC-31: what fails over TLS is sent in the clear."
    // MCP 2026-07-28.
    VersionHeaderMissing "version-header-missing" "Requests lack MCP-Protocol-Version."
    MethodHeaderMissing "method-header-missing" "Requests lack Mcp-Method."
    NameHeaderMissing "name-header-missing" "Tool calls lack Mcp-Name."
    NameNotEncoded "name-not-encoded" "A name that fits into no header is mangled instead of encoded."
    SentinelNotEncoded "sentinel-not-encoded" "A value that looks encoded is sent as it is."
    ParameterHeadersMissing "parameter-headers-missing" "Annotated arguments are not mirrored."
    ParameterNotEncoded "parameter-not-encoded" "An argument that fits into no header is mangled instead of encoded."
    NullMirrored "null-mirrored" "An argument that is null is mirrored."
    BrokenToolKept "broken-tool-kept" "A tool with a broken annotation is listed and called."
    MismatchEndsStep "mismatch-ends-step" "Nobody lists the tools again when their headers no longer match."
    CallsUnlisted "calls-unlisted" "Tools are called without having been listed, so without headers or validation."
    MetaMissing "meta-missing" "Requests have no _meta."
    CapabilitiesMissing "capabilities-missing" "Requests do not state capabilities."
    ClientInfoMissing "client-info-missing" "Requests do not name the client."
    MetaVersionDiffers "meta-version-differs" "The revision in _meta is not the one in the header."
    ResultTypeRequired "result-type-required" "A result without a type is refused."
    UnknownResultTypeTaken "unknown-result-type-taken" "A result of an unknown type is taken for a complete one."
    InputRequiredTaken "input-required-taken" "A result that asks for input is taken for a complete one."
    AnswersServerRequests "answers-server-requests" "Responses are posted to a server of a revision that has none."
    CancellationPosted "cancellation-posted" "Cancellation is posted to a server of a revision that has none."
    CancelledSilently "cancelled-silently" "A cancelled call is waited for, or its end told to nobody."
    NeverCancels "never-cancels" "A call cannot be cancelled."
    FallsBackFromModern "falls-back-from-modern" "Any error of the first request leads to initialize."
    // Earlier revisions.
    InitializesWithoutOverlap "initializes-without-overlap" "A server is sent initialize though it supports no revision of this client."
    AnyVersionTaken "any-version-taken" "Whatever revision the server chooses is spoken."
    InitializedUnsaid "initialized-unsaid" "notifications/initialized is not sent."
    NegotiatedHeaderMissing "negotiated-header-missing" "Requests after initialize lack MCP-Protocol-Version."
    SessionIdForgotten "session-id-forgotten" "Requests after initialize lack the session id."
    LostSessionEndsAll "lost-session-ends-all" "A session that the server lost is not opened anew."
    LostSessionSentAgain "lost-session-sent-again" "A new session is opened in the name of the lost one."
    SessionLeftOpen "session-left-open" "A session is not ended when it is no longer needed."
    PingUnanswered "ping-unanswered" "Requests of the server are not answered."
    OtherRequestCancelled "other-request-cancelled" "The wrong request is cancelled."
    NeverResumes "never-resumes" "A stream that the server ended early is not gone on with."
    RetryPauseIgnored "retry-pause-ignored" "A stream is gone on with before the pause that the server asked for."
    // JSON-RPC, streams and results.
    IdReused "id-reused" "All requests have the same id."
    IdNull "id-null" "The id of requests is null."
    BatchSent "batch-sent" "A request is posted as a batch of one."
    AcceptsJsonOnly "accepts-json-only" "Accept does not list event streams."
    StreamsUnread "streams-unread" "Event streams are not understood."
    CommentsRefused "comments-refused" "Comments in an event stream count as broken."
    DataLinesNotJoined "data-lines-not-joined" "Of the data lines of an event, only the last counts."
    AnyIdAccepted "any-id-accepted" "The answer to any request is taken."
    ErrorsIgnored "errors-ignored" "A JSON-RPC error counts as an empty success."
    TruncationAccepted "truncation-accepted" "An answer that was cut off counts as an empty success."
    EmptyCursorEnds "empty-cursor-ends" "An empty cursor ends the list."
    CursorChanged "cursor-changed" "Spaces around a cursor are cut off."
    FirstPageOnly "first-page-only" "Only the first page of a list is read."
    PagesUnbounded "pages-unbounded" "A list may have pages without end."
    OutputUnchecked "output-unchecked" "Structured content is not validated."
    StructuredContentOptional "structured-content-optional" "A result may lack the structured content that its tool promises."
    UncheckableSchemaIgnored "uncheckable-schema-ignored" "A schema that cannot be checked counts as satisfied."
    RemoteSchemasFetched "remote-schemas-fetched" "Schemas are fetched from wherever a server says."
    IsErrorIgnored "is-error-ignored" "A tool's error counts as a success."
    FailureExitsWithZero "failure-exits-with-zero" "The exit code says success whatever happened."
}
