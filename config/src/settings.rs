//! The settings as types, each with the rule of its values. Each field has a line in `default.toml`, with its reason.
//!
//! Names, order and nesting are those of the file; a test compares them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use strum::VariantNames as _;

use crate::Secret;
use crate::rules::Rule::{self, OneOf, Share, Text, Texts, Truth, Whole};
use crate::rules::{
    ADMIN_TOKEN, ADVERTISED_HOST, BYTES, DAY, ENDPOINTS, FOLDER, FOLDER_OR_NOTHING,
    FRAME_ANCESTORS, GIB, HEADER, HOSTS, HOURS, HTTP_URL, HTTP_URL_OR_NOTHING, KIB, LISTEN_ADDRESS,
    MIB, MINUTE, OCR_LANGUAGES, ORIGINS, PEM_FILE, POD_NAME, POSTGRES_URL, PUBLIC_URL,
    REDIS_PREFIX, REDIS_URL, TOKEN_KEYS, TRUSTED_PROXIES, VISITOR_KEY, any, filled, host,
};

/// A part of a section.
enum Entry {
    Setting(Rule),
    Section(&'static [(&'static str, Entry)]),
}

/// An entry with a rule is a setting, one without is a section.
macro_rules! entry {
    ($kind:ty = $rule:expr) => {
        Entry::Setting($rule)
    };
    ($section:ty) => {
        Entry::Section(<$section>::ENTRIES)
    };
}

macro_rules! sections {
    ($($(#[$meta:meta])* $section:ident {
        $($(#[$field_meta:meta])* $field:ident: $kind:ty $(= $rule:expr)?,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $section { $($(#[$field_meta])* pub $field: $kind,)* }

        impl $section {
            const ENTRIES: &'static [(&'static str, Entry)] =
                &[$((stringify!($field), entry!($kind $(= $rule)?)),)*];
        }
    )*};
}

sections! {
    /// All settings.
    Settings {
        /// Listener of HTTP and sockets.
        server: ServerSettings,
        /// The catalog files.
        catalog: CatalogSettings,
        /// Fetching and reading manuals.
        manuals: ManualsSettings,
        /// Answers to questions.
        answers: AnswersSettings,
        /// The caches of a pod.
        cache: CacheSettings,
        /// Sessions of visitors.
        sessions: SessionsSettings,
        /// The log of conversations.
        conversations: ConversationsSettings,
        /// Handoffs to agents.
        desk: DeskSettings,
        /// Supervision of actors.
        actors: ActorsSettings,
        /// Fault injection for tests.
        chaos: ChaosSettings,
        /// Access to the admin API.
        admin: AdminSettings,
        /// Sign-in of the team.
        identity: IdentitySettings,
        /// Visitor tokens of embedding sites.
        visitors: VisitorsSettings,
        /// Webhook endpoints and retries.
        webhooks: WebhooksSettings,
        /// Connection to Redis; optional.
        redis: RedisSettings,
        /// Communication between pods.
        pods: PodsSettings,
        /// The archive of conversations.
        archive: ArchiveSettings,
        /// Pictures in conversations.
        uploads: UploadsSettings,
        /// Offline messages and transcripts by mail.
        offline_messages: OfflineMessagesSettings,
        /// Requests to other hosts.
        outbound: OutboundSettings,
        /// Export of traces.
        traces: TracesSettings,
        /// Format of the log.
        log: LogSettings,
    }

    /// `[server]`
    ServerSettings {
        /// Address to listen on.
        host: String = Text(filled, "an address such as 127.0.0.1 or 0.0.0.0"),
        /// Port to listen on.
        // Port 0 lets the system choose a free one, for tests.
        port: u16 = Whole(0, 65_535),
        /// Worker threads; 0 is one per core.
        workers: usize = Whole(0, 1_024),
        /// Largest client message, in bytes.
        // Under 4 KiB the longest question of part 1 (2,000 characters) would not fit.
        max_message_bytes: usize = Whole(4 * KIB, 64 * MIB),
        /// Milliseconds between pings.
        ping_interval_ms: u64 = Whole(100, 10 * MINUTE),
        /// Milliseconds of silence after which a client counts as gone.
        idle_timeout_ms: u64 = Whole(200, 60 * MINUTE),
        /// Bytes that may be queued for one client.
        // One prediction of ten whole products is about 13 KB.
        outgoing_queue_bytes: usize = Whole(16 * KIB, GIB),
        /// Bytes that may be queued for all clients together.
        queued_bytes: usize = Whole(64 * KIB, 1_024 * GIB),
        /// Sustained message rate of a connection.
        messages_per_second: u32 = Whole(1, 100_000),
        /// Messages a connection may send at once.
        message_burst: u32 = Whole(1, 100_000),
        /// Sustained rate of small frames of a connection.
        small_frames_per_second: u32 = Whole(1, 100_000),
        /// Milliseconds from the first byte of a message to its last.
        message_deadline_ms: u64 = Whole(100, 60 * MINUTE),
        /// Bytes of incomplete messages, over all connections of the pod.
        unfinished_message_bytes: usize = Whole(64 * KIB, 1_024 * GIB),
        /// Milliseconds a client has to take queued data before a close.
        close_timeout_ms: u64 = Whole(100, MINUTE),
        /// Origins that may connect; empty admits all.
        allowed_origins: Vec<String> = ORIGINS,
        /// Addresses and networks of proxies whose forwarded client address is trusted.
        trusted_proxies: Vec<String> = TRUSTED_PROXIES,
        /// Sites that may frame the visitor's page; empty is none.
        frame_ancestors: Vec<String> = FRAME_ANCESTORS,
        /// Public address of the server; empty is the address of the request.
        public_url: String = PUBLIC_URL,
        /// Name of this pod; empty is the host name.
        pod_name: String = POD_NAME,
        /// Address of this pod for other pods; empty is the listening address.
        advertise: String = ADVERTISED_HOST,
        /// Second listening address, for operations; empty is none.
        operations_listen: String = LISTEN_ADDRESS,
        /// Most connections; 0 is the limit of file descriptors.
        max_connections: usize = Whole(0, 1_000_000),
        /// Most connections of one client address; 0 is unlimited.
        max_connections_per_address: usize = Whole(0, 1_000_000),
        /// Milliseconds to receive the head of a request.
        // Under a tenth of a second a request of two packets would be too late.
        header_timeout_ms: u64 = Whole(100, 10 * MINUTE),
        /// Idle milliseconds between two requests.
        keep_alive_ms: u64 = Whole(100, 60 * MINUTE),
        /// Milliseconds to receive the body of a request.
        body_timeout_ms: u64 = Whole(100, 60 * MINUTE),
        /// Minimum bytes per second of a request's body; 0 is no minimum.
        body_bytes_per_second: u32 = Whole(0, GIB),
        /// Milliseconds after which a client that reads nothing is closed.
        write_timeout_ms: u64 = Whole(100, 60 * MINUTE),
        /// Whether trusted proxies send a PROXY header.
        proxy_protocol: bool = Truth,
        /// Milliseconds that a stopping server waits for its clients.
        drain_timeout_ms: u64 = Whole(0, 10 * MINUTE),
        /// TLS of the listener.
        tls: TlsSettings,
    }

    /// `[server.tls]`
    TlsSettings {
        /// File of the certificate chain; empty disables TLS.
        cert: String = PEM_FILE,
        /// File of the private key.
        key: String = PEM_FILE,
    }

    /// `[catalog]`
    CatalogSettings {
        /// Folder of the catalog files.
        dir: String = FOLDER,
        /// Reload when a file changes.
        watch: bool = Truth,
        /// Milliseconds without a change before a reload.
        watch_debounce_ms: u64 = Whole(0, MINUTE),
    }

    /// `[manuals]`
    ManualsSettings {
        /// Largest manual, in bytes.
        max_bytes: u64 = Whole(1, 4 * GIB),
        /// Most pages of a manual.
        max_pages: u32 = Whole(1, 100_000),
        /// Milliseconds for a fetch, retries and backups included.
        fetch_timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Milliseconds to connect.
        connect_timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Retries after the first attempt.
        retries: u32 = Whole(0, 10),
        /// Milliseconds before the first retry.
        retry_base_ms: u64 = Whole(0, MINUTE),
        /// Most redirects of a fetch.
        max_redirects: u32 = Whole(0, 20),
        /// User agent of fetches.
        user_agent: String = HEADER,
        /// Hosts that may have a private address.
        allowed_hosts: Vec<String> = HOSTS,
        /// Milliseconds to read a manual.
        extract_timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Bytes of memory of the reading process.
        // The reading process itself needs most of 128 MiB before it has opened a file.
        extract_memory_bytes: u64 = Whole(128 * MIB, 64 * GIB),
        /// Bytes of text of a manual.
        extract_max_text_bytes: usize = Whole(1, GIB),
        /// Most elements, texts and comments of a web page.
        html_max_nodes: u32 = Whole(1_000, 100_000_000),
        /// Deepest nesting of elements in a web page.
        html_max_depth: u32 = Whole(32, 10_000),
        /// Most attributes of one element of a web page.
        // The parser buffers the beginning of a tag before it knows that it is one; it may look like 32 attributes.
        html_max_attributes: u32 = Whole(64, 10_000),
        /// Which manuals are read in a separate process.
        isolate: Isolate = OneOf(Isolate::VARIANTS),
        /// Folder for fetched manuals; empty is a temporary one.
        cache_dir: String = FOLDER_OR_NOTHING,
        /// Milliseconds after which a copy is revalidated.
        revalidate_after_ms: u64 = Whole(0, 365 * DAY),
        /// Text recognition of scanned pages.
        ocr: OcrSettings,
    }

    /// `[manuals.ocr]`
    OcrSettings {
        /// Whether the text of scanned pages is recognized.
        enabled: OcrChoice = OneOf(OcrChoice::VARIANTS),
        /// Name or path of tesseract.
        command: String = Text(filled, "the name or the path of a program"),
        /// Languages, as tesseract names them.
        languages: Vec<String> = OCR_LANGUAGES,
        /// Milliseconds to recognize one page.
        // A page takes a second or two on an idle core.
        page_timeout_ms: u64 = Whole(100, 10 * MINUTE),
        /// Milliseconds to recognize one manual.
        timeout_ms: u64 = Whole(100, DAY),
        /// Milliseconds that opening a scanned manual waits for its text.
        wait_ms: u64 = Whole(0, 10 * MINUTE),
        /// Bytes of recognized pages on disk.
        cache_max_bytes: u64 = BYTES,
    }

    /// `[answers]`
    AnswersSettings {
        /// How answers are made.
        answerer: AnswererChoice = OneOf(AnswererChoice::VARIANTS),
        /// Most passages of an answer.
        max_passages: usize = Whole(1, 64),
        /// Confidence below which there is no answer.
        min_confidence: f64 = Share,
        /// The sentence encoder.
        encoder: EncoderSettings,
        /// Confidence from which the manual answers; below it, likely passages are shown.
        answer_confidence: f64 = Share,
        /// Folder of synonym files; empty is none.
        synonyms: String = FOLDER_OR_NOTHING,
        /// The language model.
        llm: LlmSettings,
    }

    /// `[answers.encoder]`
    EncoderSettings {
        /// False: passages are ranked by words alone.
        enabled: bool = Truth,
        /// The model directory.
        dir: String = FOLDER,
        /// Threads that embed passages.
        threads: usize = Whole(1, 256),
        /// Milliseconds between two checks for a new model.
        check_interval_ms: u64 = Whole(100, 24 * 60 * MINUTE),
        /// Folder of the stored vectors.
        vectors_dir: String = FOLDER_OR_NOTHING,
        /// Most bytes of that folder.
        vectors_max_bytes: u64 = Whole(1, 1 << 50),
    }

    /// `[answers.llm]`
    LlmSettings {
        /// Base address of the API.
        base_url: String = HTTP_URL,
        /// Name of the model.
        model: String = Text(filled, "the name of a model"),
        /// API key; empty is none.
        api_key: Secret = HEADER,
        /// Milliseconds for a whole answer.
        timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Milliseconds until the first token.
        first_token_timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Most tokens of an answer.
        max_tokens: u32 = Whole(1, 1_000_000),
        /// Characters of manual text in a prompt.
        context_chars: usize = Whole(1, 100_000_000),
        /// Answers of the model per minute and conversation; 0 is unlimited.
        answers_per_minute_per_conversation: u32 = Whole(0, 1_000_000),
        /// The same per client address.
        answers_per_minute_per_client: u32 = Whole(0, 1_000_000),
        /// The same for the pod.
        answers_per_minute: u32 = Whole(0, 1_000_000),
        /// Tokens per day and conversation; 0 is unlimited.
        tokens_per_day_per_conversation: u64 = Whole(0, 1_000_000_000_000),
        /// The same per client address.
        tokens_per_day_per_client: u64 = Whole(0, 1_000_000_000_000),
        /// The same for the pod.
        tokens_per_day: u64 = Whole(0, 1_000_000_000_000),
    }

    /// `[cache]`
    CacheSettings {
        /// Shards of each cache; 0 is twice the cores.
        shards: usize = Whole(0, 1_024),
        /// Milliseconds for which a failure is remembered.
        negative_ttl_ms: u64 = Whole(0, DAY),
        /// Milliseconds past its expiry for which an old value is kept.
        stale_ms: u64 = Whole(0, 365 * DAY),
        /// Milliseconds for a load.
        load_timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// The L2 cache.
        l2: SecondLayerSettings,
        /// The cache of manuals.
        manuals: CacheBudget,
        /// The cache of predictions.
        predictions: CacheBudget,
        /// The cache of answers.
        answers: CacheBudget,
    }

    /// `[cache.l2]`
    SecondLayerSettings {
        /// Whether the L2 cache is used.
        enabled: bool = Truth,
        /// Largest value, in bytes.
        // Longer values would block the shared connection for other commands.
        max_value_bytes: usize = Whole(KIB, 64 * MIB),
        /// Milliseconds for a lookup.
        timeout_ms: u64 = Whole(1, MINUTE),
        /// Milliseconds to wait for another pod's load.
        wait_ms: u64 = Whole(0, 10 * MINUTE),
        /// Milliseconds until the lock of a dead pod expires.
        // The lock is renewed three times as often: under a tenth of a second a busy pod would lose it.
        lock_ms: u64 = Whole(100, 10 * MINUTE),
    }

    /// `[cache.manuals]`, `[cache.predictions]` and `[cache.answers]`.
    CacheBudget {
        /// Most values; 0 disables the cache.
        entries: usize = Whole(0, 10_000_000),
        /// Most bytes of all values.
        bytes: usize = BYTES,
        /// Milliseconds for which a value is fresh.
        ttl_ms: u64 = Whole(1, 365 * DAY),
    }

    /// `[sessions]`
    SessionsSettings {
        /// Most sessions of this pod.
        max: usize = Whole(1, 1_000_000),
        /// Confidence from which a manual is prefetched.
        prefetch_confidence: u8 = Whole(0, 100),
        /// Milliseconds without a keystroke before a prefetch.
        prefetch_after_ms: u64 = Whole(0, MINUTE),
        /// Most pending questions of a session.
        max_pending_questions: usize = Whole(0, 1_000),
        /// Most sessions of one address; 0 is unlimited.
        max_per_address: u32 = Whole(0, 1_000_000),
        /// Sessions opened per second; 0 is unlimited.
        opens_per_second: u32 = Whole(0, 1_000_000),
        /// The same per address; 0 is unlimited.
        opens_per_second_per_address: u32 = Whole(0, 1_000_000),
        /// Most answers in work.
        max_answers: usize = Whole(1, 100_000),
        /// Most questions in the queue.
        max_waiting_answers: usize = Whole(0, 1_000_000),
        /// The same per address; 0 is unlimited.
        max_waiting_answers_per_address: usize = Whole(0, 1_000_000),
        /// Bytes of pictures held for answers.
        // The largest picture of the protocol takes 9.8 MB and must fit into an idle pod.
        max_image_bytes: usize = Whole(10 * MIB, 1_024 * GIB),
        /// The same per address; 0 is unlimited.
        max_image_bytes_per_address: usize = Whole(0, 1_024 * GIB),
        /// Milliseconds of delay from which the server is overloaded; 0 is never.
        overload_after_ms: u64 = Whole(0, MINUTE),
    }

    /// `[conversations]`
    ConversationsSettings {
        /// Most stored messages of a conversation.
        window: usize = Whole(1, 100_000),
        /// Milliseconds for which an untouched conversation is stored.
        // Under a second a client could not reconnect in time.
        ttl_ms: u64 = Whole(1_000, 30 * DAY),
        /// Bytes of all conversations in memory.
        memory_bytes: usize = Whole(MIB, 1_024 * GIB),
        /// Keys of resume tokens: the first signs, all verify.
        token_keys: Vec<Secret> = TOKEN_KEYS,
        /// Milliseconds for which a resume token is valid.
        token_ttl_ms: u64 = Whole(1_000, 30 * DAY),
    }

    /// `[desk]`
    DeskSettings {
        /// Most conversations in the queue.
        max_waiting: usize = Whole(0, 100_000),
        /// Concurrent handoffs of one address; 0 is unlimited.
        max_open_per_address: usize = Whole(0, 100_000),
        /// Handoffs per hour and address; 0 is unlimited.
        per_address: usize = Whole(0, 1_000_000),
        /// Milliseconds of silence after which an agent or a visitor counts as absent.
        // Pods report three times as often: under a second a busy machine would lose its agents.
        presence_timeout_ms: u64 = Whole(1_000, 10 * MINUTE),
        /// Milliseconds of an agent's absence after which the agent's conversations are queued again.
        requeue_after_ms: u64 = Whole(1_000, DAY),
        /// Milliseconds for the first reply of an agent who took a conversation; 0 is unlimited.
        answer_within_ms: u64 = Whole(0, DAY),
        /// Milliseconds of a visitor's absence after which the request for an agent ends.
        visitor_timeout_ms: u64 = Whole(1_000, DAY),
        /// Milliseconds for which the end of a handoff is remembered.
        history_ttl_ms: u64 = Whole(1_000, 30 * DAY),
        /// Opening hours of the desk.
        hours: HoursSettings,
    }

    /// `[desk.hours]`
    HoursSettings {
        /// Time zone of the hours.
        time_zone: String = Text(filled, "a time zone of the IANA list, such as Europe/Berlin"),
        /// Hours of a Monday; no hours on any day means always open.
        monday: String = HOURS,
        /// Hours of a Tuesday.
        tuesday: String = HOURS,
        /// Hours of a Wednesday.
        wednesday: String = HOURS,
        /// Hours of a Thursday.
        thursday: String = HOURS,
        /// Hours of a Friday.
        friday: String = HOURS,
        /// Hours of a Saturday.
        saturday: String = HOURS,
        /// Hours of a Sunday.
        sunday: String = HOURS,
        /// Days without opening hours.
        closed_days: Vec<String> = Texts(filled, "days, such as 2026-12-25"),
    }

    /// `[actors]`
    ActorsSettings {
        /// Threads; 0 is one per core.
        threads: usize = Whole(0, 1_024),
        /// Most restarts within the window.
        max_restarts: u32 = Whole(0, 1_000_000),
        /// Milliseconds of the restart window.
        restart_window_ms: u64 = Whole(1, DAY),
        /// Milliseconds before the second restart in a row.
        backoff_initial_ms: u64 = Whole(0, MINUTE),
        /// Longest wait before a restart, in milliseconds.
        backoff_max_ms: u64 = Whole(0, 60 * MINUTE),
        /// Milliseconds without a heartbeat after which an actor counts as hung.
        // Under a tenth of a second a busy machine would count as hung.
        heartbeat_timeout_ms: u64 = Whole(100, 10 * MINUTE),
        /// Milliseconds for an actor to stop.
        stop_timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Capacity of an inbox in messages.
        mailbox_capacity: usize = Whole(1, 1_000_000),
        /// Longest wait for an actor that is down, in milliseconds.
        restart_wait_ms: u64 = Whole(0, 10 * MINUTE),
        /// What a pod does when an actor was given up.
        on_give_up: GiveUpChoice = OneOf(GiveUpChoice::VARIANTS),
        /// Milliseconds between retries of an actor that was given up.
        retry_interval_ms: u64 = Whole(1, 60 * MINUTE),
    }

    /// `[chaos]`
    ChaosSettings {
        /// Whether faults may be injected.
        enabled: bool = Truth,
    }

    /// `[admin]`
    AdminSettings {
        /// The admin token; empty is none.
        token: Secret = ADMIN_TOKEN,
        /// A second valid admin token; empty is none.
        previous_token: Secret = ADMIN_TOKEN,
    }

    /// `[identity]`
    IdentitySettings {
        /// Idle milliseconds after which a session ends.
        session_idle_ms: u64 = Whole(1, 365 * DAY),
        /// Longest session, in milliseconds.
        session_ms: u64 = Whole(1, 365 * DAY),
        /// Milliseconds for which the setup link of a first start is valid.
        first_link_ms: u64 = Whole(1, 7 * DAY),
        /// File for that link where standard output is no terminal; empty writes none.
        first_link_file: String = Text(any, "the path of a file, or nothing"),
        /// The OpenID Connect provider.
        openid: OpenIdSettings,
    }

    /// `[identity.openid]`
    OpenIdSettings {
        /// The issuer; empty is none.
        issuer: String = HTTP_URL_OR_NOTHING,
        /// Client id at the provider.
        client_id: String = Text(any, "our name at the provider, or nothing"),
        /// Client secret; empty is none.
        client_secret: Secret = Text(any, "our secret at the provider, or nothing"),
        /// Name of the provider on the sign-in page.
        name: String = Text(filled, "a name for the button"),
        /// The claim that determines the role.
        role_claim: String = Text(filled, "the name of a claim"),
        /// Claim values of admins.
        admins: Vec<String> = Texts(filled, "a value of the claim"),
        /// Claim values of agents.
        agents: Vec<String> = Texts(filled, "a value of the claim"),
        /// Whether it may have a private address, or no TLS.
        allow_private: bool = Truth,
    }

    /// `[visitors]`
    VisitorsSettings {
        /// Key of visitor tokens; empty is none.
        key: Secret = VISITOR_KEY,
        /// Previous key, still valid; empty is none.
        previous_key: Secret = VISITOR_KEY,
    }

    /// `[webhooks]`
    WebhooksSettings {
        /// Endpoints that receive events.
        endpoints: Vec<WebhookEndpoint> = ENDPOINTS,
        /// Hosts that may have a private address.
        allowed_hosts: Vec<String> = Texts(host, "a host or host:port, without scheme and path"),
        /// Attempts before a delivery is a dead letter.
        max_attempts: u32 = Whole(1, 100),
        /// Upper bound of the wait before the second attempt, in milliseconds.
        backoff_initial_ms: u64 = Whole(0, DAY),
        /// Upper bound of every wait, in milliseconds.
        backoff_max_ms: u64 = Whole(1, 7 * DAY),
        /// Milliseconds for one attempt.
        timeout_ms: u64 = Whole(10, 10 * MINUTE),
        /// Concurrent deliveries to one endpoint.
        concurrency: usize = Whole(1, 1_000),
    }

    /// `[redis]`
    RedisSettings {
        /// Address; empty is none. A secret, because it may hold a password.
        url: Secret = REDIS_URL,
        /// Whether a pod without it reports that it is not ready.
        required_for_ready: bool = Truth,
        /// Certificate of a private authority; empty trusts the public ones.
        ca_file: String = Text(any, "the path of a file of certificates, or nothing"),
        /// Prefix of every key and channel.
        prefix: String = REDIS_PREFIX,
        /// Milliseconds for one command.
        // Under a few milliseconds a healthy Redis in another zone would count as down.
        command_timeout_ms: u64 = Whole(5, MINUTE),
    }

    /// `[pods]`
    PodsSettings {
        /// Milliseconds between heartbeats.
        // Every heartbeat is a command of every pod.
        heartbeat_ms: u64 = Whole(50, MINUTE),
        /// Milliseconds of silence after which a pod is gone.
        expires_ms: u64 = Whole(100, 10 * MINUTE),
    }

    /// `[archive]`
    ArchiveSettings {
        /// Address of PostgreSQL; empty is a file. A secret, because it may hold a password.
        url: Secret = POSTGRES_URL,
        /// What stands between the server and PostgreSQL.
        pooler: PoolerChoice = OneOf(PoolerChoice::VARIANTS),
        /// The file; empty is a temporary one.
        path: String = Text(any, "the path of a file, or nothing"),
        /// Most connections to the database.
        connections: u32 = Whole(1, 1_000),
        /// Longest wait for a connection, in milliseconds.
        connect_timeout_ms: u64 = Whole(1, MINUTE),
        /// Milliseconds for a query or a batch.
        timeout_ms: u64 = Whole(1, 10 * MINUTE),
        /// Milliseconds for the migrations of the tables.
        migration_timeout_ms: u64 = Whole(1, 1_440 * MINUTE),
        /// Most queued records.
        queue_records: usize = Whole(1, 10_000_000),
        /// Most bytes of queued records.
        queue_bytes: usize = Whole(MIB, 64 * 1_024 * MIB),
        /// Folder for records that a stopping server could not write; empty drops them.
        spill_dir: String = FOLDER_OR_NOTHING,
        /// Most bytes of that folder.
        spill_bytes: u64 = Whole(MIB, 64 * 1_024 * MIB),
        /// Most records of a batch.
        batch_records: usize = Whole(1, 10_000),
        /// Milliseconds that a record waits for a batch to fill.
        batch_delay_ms: u64 = Whole(0, MINUTE),
        /// Days a conversation is stored; 0 is forever.
        retention_days: u32 = Whole(0, 36_500),
    }

    /// `[uploads]`
    UploadsSettings {
        /// Whether pictures are accepted.
        enabled: bool = Truth,
        /// Their folder; empty is a temporary one.
        dir: String = FOLDER_OR_NOTHING,
        /// Largest picture, in bytes.
        max_bytes: usize = Whole(KIB, 256 * MIB),
        /// Most pixels of a picture.
        // A hundred million pixels are 400 MB during re-encoding.
        max_pixels: u64 = Whole(1, 100_000_000),
        /// Milliseconds for which a picture is stored.
        retention_ms: u64 = Whole(1_000, 365 * DAY),
        /// Most bytes of all pictures.
        max_total_bytes: u64 = BYTES,
        /// Pictures per hour and conversation.
        per_conversation: u32 = Whole(1, 100_000),
        /// Pictures per hour and address; 0 is unlimited.
        per_address: u32 = Whole(0, 1_000_000),
    }

    /// `[offline_messages]`
    OfflineMessagesSettings {
        /// Messages per hour and address, and per hour and conversation.
        per_address: u32 = Whole(1, 100_000),
        /// Messages per hour in total.
        per_hour: u32 = Whole(1, 10_000_000),
    }

    /// `[outbound]`
    OutboundSettings {
        /// PEM file of certificate authorities to trust besides the well-known ones; empty is none.
        ca_file: String = PEM_FILE,
    }

    /// `[traces]`
    TracesSettings {
        /// Address of the collector; empty is off.
        endpoint: String = HTTP_URL_OR_NOTHING,
        /// Share of the traces that begin here and are recorded, 0 to 1.
        sample_ratio: f64 = Share,
        /// Spans of other systems that are recorded in a second because they ask for it.
        incoming_per_second: u32 = Whole(0, 1_000_000),
        /// Milliseconds for one batch.
        timeout_ms: u64 = Whole(10, MINUTE),
    }

    /// `[log]`
    LogSettings {
        /// Least severe level that is written.
        level: LogLevel = OneOf(LogLevel::VARIANTS),
        /// Format of a line.
        format: LogFormat = OneOf(LogFormat::VARIANTS),
    }
}

/// One of `webhooks.endpoints`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpoint {
    /// Address of the endpoint.
    pub url: String,
    /// Subscribed events: names of [`WEBHOOK_EVENTS`](crate::WEBHOOK_EVENTS), or `all`.
    pub events: Vec<String>,
    /// Signing secret: `whsec_` and base64.
    pub secret: Secret,
    /// Previous secret, which signs as well during a rotation.
    #[serde(default)]
    pub previous_secret: Secret,
}

macro_rules! choices {
    ($($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }
    )*};
}

choices! {
    /// Which manuals are read in a separate process.
    Isolate {
        /// Those fetched from the network.
        Http,
        /// All.
        Always,
        /// None.
        Never,
    }

    /// Whether the text of scanned pages is recognized.
    OcrChoice {
        /// If tesseract is installed.
        Auto,
        /// Never.
        Never,
    }

    /// The pooler before a database.
    PoolerChoice {
        /// None, or one that lends a connection for a session.
        None,
        /// One that lends a connection for a transaction.
        Transaction,
    }

    /// The answerer.
    AnswererChoice {
        /// The manual's own sentences.
        Extractive,
        /// A language model with passages of the manual.
        Llm,
    }

    /// What a pod does when an actor exceeds its restart limit.
    GiveUpChoice {
        /// It is not ready, and retries at a slow pace.
        Retry,
        /// It exits with an error.
        Exit,
    }

    /// Severity of a log line.
    LogLevel {
        /// A failure that needs an operator.
        Error,
        /// A failure that was handled.
        Warn,
        /// Information for operators.
        Info,
        /// Information for developers.
        Debug,
        /// Everything.
        Trace,
    }

    /// Format of a log line.
    LogFormat {
        /// Text on a terminal, JSON elsewhere.
        Auto,
        /// Readable text.
        Text,
        /// One JSON object per line.
        Json,
    }
}

/// Every setting and its rule.
static RULES: LazyLock<Vec<(String, &'static Rule)>> = LazyLock::new(|| {
    let mut rules = Vec::new();
    collect("", Settings::ENTRIES, &mut rules);
    rules
});

fn collect(
    prefix: &str,
    entries: &'static [(&'static str, Entry)],
    rules: &mut Vec<(String, &'static Rule)>,
) {
    for (name, entry) in entries {
        let key = format!("{prefix}{name}");
        match entry {
            Entry::Setting(rule) => rules.push((key, rule)),
            Entry::Section(entries) => collect(&format!("{key}."), entries, rules),
        }
    }
}

/// The rule of a key such as `server.port`.
pub(crate) fn rule_of(key: &str) -> Option<&'static Rule> {
    RULES.iter().find(|(name, _)| *name == key).map(|(_, rule)| *rule)
}

/// The key of every setting.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(key, _)| key.as_str())
}
