//! The settings as types. Each field has a line in `default.toml`, with its reason.
//!
//! Names, order and nesting are those of the file; a test compares them.

use serde::{Deserialize, Serialize};

use crate::Secret;

/// The events a webhook may subscribe to. `docs/webhooks.md` has a body of each.
pub const WEBHOOK_EVENTS: [&str; 12] = [
    "message.created",
    "handoff.requested",
    "handoff.unavailable",
    "agent.joined",
    "agent.left",
    "conversation.returned",
    "conversation.closed",
    "feedback.given",
    "rating.given",
    "message.left",
    "transcript.requested",
    "test",
];

macro_rules! sections {
    ($($(#[$meta:meta])* $section:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $section { $($(#[$field_meta])* pub $field: $kind,)* }
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
        host: String,
        /// Port to listen on.
        port: u16,
        /// Worker threads; 0 is one per core.
        workers: usize,
        /// Largest client message, in bytes.
        max_message_bytes: usize,
        /// Milliseconds between pings.
        ping_interval_ms: u64,
        /// Milliseconds of silence after which a client counts as gone.
        idle_timeout_ms: u64,
        /// Bytes that may be queued for one client.
        outgoing_queue_bytes: usize,
        /// Bytes that may be queued for all clients together.
        queued_bytes: usize,
        /// Sustained message rate of a connection.
        messages_per_second: u32,
        /// Messages a connection may send at once.
        message_burst: u32,
        /// Sustained rate of small frames of a connection.
        small_frames_per_second: u32,
        /// Milliseconds from the first byte of a message to its last.
        message_deadline_ms: u64,
        /// Bytes of incomplete messages, over all connections of the pod.
        unfinished_message_bytes: usize,
        /// Milliseconds a client has to take queued data before a close.
        close_timeout_ms: u64,
        /// Origins that may connect; empty admits all.
        allowed_origins: Vec<String>,
        /// Addresses and networks of proxies whose forwarded client address is trusted.
        trusted_proxies: Vec<String>,
        /// Sites that may frame the visitor's page; empty is none.
        frame_ancestors: Vec<String>,
        /// Public address of the server; empty is the address of the request.
        public_url: String,
        /// Name of this pod; empty is the host name.
        pod_name: String,
        /// Address of this pod for other pods; empty is the listening address.
        advertise: String,
        /// Second listening address, for operations; empty is none.
        operations_listen: String,
        /// Most connections; 0 is the limit of file descriptors.
        max_connections: usize,
        /// Most connections of one client address; 0 is unlimited.
        max_connections_per_address: usize,
        /// Milliseconds to receive the head of a request.
        header_timeout_ms: u64,
        /// Idle milliseconds between two requests.
        keep_alive_ms: u64,
        /// Milliseconds to receive the body of a request.
        body_timeout_ms: u64,
        /// Minimum bytes per second of a request's body; 0 is no minimum.
        body_bytes_per_second: u32,
        /// Milliseconds after which a client that reads nothing is closed.
        write_timeout_ms: u64,
        /// Whether trusted proxies send a PROXY header.
        proxy_protocol: bool,
        /// Milliseconds that a stopping server waits for its clients.
        drain_timeout_ms: u64,
        /// TLS of the listener.
        tls: TlsSettings,
    }

    /// `[server.tls]`
    TlsSettings {
        /// File of the certificate chain; empty disables TLS.
        cert: String,
        /// File of the private key.
        key: String,
    }

    /// `[catalog]`
    CatalogSettings {
        /// Folder of the catalog files.
        dir: String,
        /// Reload when a file changes.
        watch: bool,
        /// Milliseconds without a change before a reload.
        watch_debounce_ms: u64,
    }

    /// `[manuals]`
    ManualsSettings {
        /// Largest manual, in bytes.
        max_bytes: u64,
        /// Most pages of a manual.
        max_pages: u32,
        /// Milliseconds for a fetch, retries and backups included.
        fetch_timeout_ms: u64,
        /// Milliseconds to connect.
        connect_timeout_ms: u64,
        /// Retries after the first attempt.
        retries: u32,
        /// Milliseconds before the first retry.
        retry_base_ms: u64,
        /// Most redirects of a fetch.
        max_redirects: u32,
        /// User agent of fetches.
        user_agent: String,
        /// Hosts that may have a private address.
        allowed_hosts: Vec<String>,
        /// Milliseconds to read a manual.
        extract_timeout_ms: u64,
        /// Bytes of memory of the reading process.
        extract_memory_bytes: u64,
        /// Bytes of text of a manual.
        extract_max_text_bytes: usize,
        /// Most elements, texts and comments of a web page.
        html_max_nodes: u32,
        /// Deepest nesting of elements in a web page.
        html_max_depth: u32,
        /// Most attributes of one element of a web page.
        html_max_attributes: u32,
        /// Which manuals are read in a separate process.
        isolate: Isolate,
        /// Folder for fetched manuals; empty is a temporary one.
        cache_dir: String,
        /// Milliseconds after which a copy is revalidated.
        revalidate_after_ms: u64,
        /// Text recognition of scanned pages.
        ocr: OcrSettings,
    }

    /// `[manuals.ocr]`
    OcrSettings {
        /// Whether the text of scanned pages is recognized.
        enabled: OcrChoice,
        /// Name or path of tesseract.
        command: String,
        /// Languages, as tesseract names them.
        languages: Vec<String>,
        /// Milliseconds to recognize one page.
        page_timeout_ms: u64,
        /// Milliseconds to recognize one manual.
        timeout_ms: u64,
        /// Milliseconds that opening a scanned manual waits for its text.
        wait_ms: u64,
        /// Bytes of recognized pages on disk.
        cache_max_bytes: u64,
    }

    /// `[answers]`
    AnswersSettings {
        /// How answers are made.
        answerer: AnswererChoice,
        /// Most passages of an answer.
        max_passages: usize,
        /// Confidence below which there is no answer.
        min_confidence: f64,
        /// The sentence encoder.
        encoder: EncoderSettings,
        /// Confidence from which the manual answers; below it, likely passages are shown.
        answer_confidence: f64,
        /// Folder of synonym files; empty is none.
        synonyms: String,
        /// The language model.
        llm: LlmSettings,
    }

    /// `[answers.encoder]`
    EncoderSettings {
        /// False: passages are ranked by words alone.
        enabled: bool,
        /// The model directory.
        dir: String,
        /// Threads that embed passages.
        threads: usize,
        /// Milliseconds between two checks for a new model.
        check_interval_ms: u64,
        /// Folder of the stored vectors.
        vectors_dir: String,
        /// Most bytes of that folder.
        vectors_max_bytes: u64,
    }

    /// `[answers.llm]`
    LlmSettings {
        /// Base address of the API.
        base_url: String,
        /// Name of the model.
        model: String,
        /// API key; empty is none.
        api_key: Secret,
        /// Milliseconds for a whole answer.
        timeout_ms: u64,
        /// Milliseconds until the first token.
        first_token_timeout_ms: u64,
        /// Most tokens of an answer.
        max_tokens: u32,
        /// Characters of manual text in a prompt.
        context_chars: usize,
        /// Answers of the model per minute and conversation; 0 is unlimited.
        answers_per_minute_per_conversation: u32,
        /// The same per client address.
        answers_per_minute_per_client: u32,
        /// The same for the pod.
        answers_per_minute: u32,
        /// Tokens per day and conversation; 0 is unlimited.
        tokens_per_day_per_conversation: u64,
        /// The same per client address.
        tokens_per_day_per_client: u64,
        /// The same for the pod.
        tokens_per_day: u64,
    }

    /// `[cache]`
    CacheSettings {
        /// Shards of each cache; 0 is twice the cores.
        shards: usize,
        /// Milliseconds for which a failure is remembered.
        negative_ttl_ms: u64,
        /// Milliseconds past its expiry for which an old value is kept.
        stale_ms: u64,
        /// Milliseconds for a load.
        load_timeout_ms: u64,
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
        enabled: bool,
        /// Largest value, in bytes.
        max_value_bytes: usize,
        /// Milliseconds for a lookup.
        timeout_ms: u64,
        /// Milliseconds to wait for another pod's load.
        wait_ms: u64,
        /// Milliseconds until the lock of a dead pod expires.
        lock_ms: u64,
    }

    /// `[cache.manuals]`, `[cache.predictions]` and `[cache.answers]`.
    CacheBudget {
        /// Most values; 0 disables the cache.
        entries: usize,
        /// Most bytes of all values.
        bytes: usize,
        /// Milliseconds for which a value is fresh.
        ttl_ms: u64,
    }

    /// `[sessions]`
    SessionsSettings {
        /// Most sessions of this pod.
        max: usize,
        /// Confidence from which a manual is prefetched.
        prefetch_confidence: u8,
        /// Milliseconds without a keystroke before a prefetch.
        prefetch_after_ms: u64,
        /// Most pending questions of a session.
        max_pending_questions: usize,
        /// Most sessions of one address; 0 is unlimited.
        max_per_address: u32,
        /// Sessions opened per second; 0 is unlimited.
        opens_per_second: u32,
        /// The same per address; 0 is unlimited.
        opens_per_second_per_address: u32,
        /// Most answers in work.
        max_answers: usize,
        /// Most questions in the queue.
        max_waiting_answers: usize,
        /// The same per address; 0 is unlimited.
        max_waiting_answers_per_address: usize,
        /// Bytes of pictures held for answers.
        max_image_bytes: usize,
        /// The same per address; 0 is unlimited.
        max_image_bytes_per_address: usize,
        /// Milliseconds of delay from which the server is overloaded; 0 is never.
        overload_after_ms: u64,
    }

    /// `[conversations]`
    ConversationsSettings {
        /// Most stored messages of a conversation.
        window: usize,
        /// Milliseconds for which an untouched conversation is stored.
        ttl_ms: u64,
        /// Bytes of all conversations in memory.
        memory_bytes: usize,
        /// Keys of resume tokens: the first signs, all verify.
        token_keys: Vec<Secret>,
        /// Milliseconds for which a resume token is valid.
        token_ttl_ms: u64,
    }

    /// `[desk]`
    DeskSettings {
        /// Most conversations in the queue.
        max_waiting: usize,
        /// Concurrent handoffs of one address; 0 is unlimited.
        max_open_per_address: usize,
        /// Handoffs per hour and address; 0 is unlimited.
        per_address: usize,
        /// Milliseconds of silence after which an agent or a visitor counts as absent.
        presence_timeout_ms: u64,
        /// Milliseconds of an agent's absence after which the agent's conversations are queued again.
        requeue_after_ms: u64,
        /// Milliseconds for the first reply of an agent who took a conversation; 0 is unlimited.
        answer_within_ms: u64,
        /// Milliseconds of a visitor's absence after which the request for an agent ends.
        visitor_timeout_ms: u64,
        /// Milliseconds for which the end of a handoff is remembered.
        history_ttl_ms: u64,
        /// Opening hours of the desk.
        hours: HoursSettings,
    }

    /// `[desk.hours]`
    HoursSettings {
        /// Time zone of the hours.
        time_zone: String,
        /// Hours of a Monday; no hours on any day means always open.
        monday: String,
        /// Hours of a Tuesday.
        tuesday: String,
        /// Hours of a Wednesday.
        wednesday: String,
        /// Hours of a Thursday.
        thursday: String,
        /// Hours of a Friday.
        friday: String,
        /// Hours of a Saturday.
        saturday: String,
        /// Hours of a Sunday.
        sunday: String,
        /// Days without opening hours.
        closed_days: Vec<String>,
    }

    /// `[actors]`
    ActorsSettings {
        /// Threads; 0 is one per core.
        threads: usize,
        /// Most restarts within the window.
        max_restarts: u32,
        /// Milliseconds of the restart window.
        restart_window_ms: u64,
        /// Milliseconds before the second restart in a row.
        backoff_initial_ms: u64,
        /// Longest wait before a restart, in milliseconds.
        backoff_max_ms: u64,
        /// Milliseconds without a heartbeat after which an actor counts as hung.
        heartbeat_timeout_ms: u64,
        /// Milliseconds for an actor to stop.
        stop_timeout_ms: u64,
        /// Capacity of an inbox in messages.
        mailbox_capacity: usize,
        /// Longest wait for an actor that is down, in milliseconds.
        restart_wait_ms: u64,
        /// What a pod does when an actor was given up.
        on_give_up: GiveUpChoice,
        /// Milliseconds between retries of an actor that was given up.
        retry_interval_ms: u64,
    }

    /// `[chaos]`
    ChaosSettings {
        /// Whether faults may be injected.
        enabled: bool,
    }

    /// `[admin]`
    AdminSettings {
        /// The admin token; empty is none.
        token: Secret,
        /// A second valid admin token; empty is none.
        previous_token: Secret,
    }

    /// `[identity]`
    IdentitySettings {
        /// Idle milliseconds after which a session ends.
        session_idle_ms: u64,
        /// Longest session, in milliseconds.
        session_ms: u64,
        /// Milliseconds for which the setup link of a first start is valid.
        first_link_ms: u64,
        /// File for that link where standard output is no terminal; empty writes none.
        first_link_file: String,
        /// The OpenID Connect provider.
        openid: OpenIdSettings,
    }

    /// `[identity.openid]`
    OpenIdSettings {
        /// The issuer; empty is none.
        issuer: String,
        /// Client id at the provider.
        client_id: String,
        /// Client secret; empty is none.
        client_secret: Secret,
        /// Name of the provider on the sign-in page.
        name: String,
        /// The claim that determines the role.
        role_claim: String,
        /// Claim values of admins.
        admins: Vec<String>,
        /// Claim values of agents.
        agents: Vec<String>,
        /// Whether it may have a private address, or no TLS.
        allow_private: bool,
    }

    /// `[visitors]`
    VisitorsSettings {
        /// Key of visitor tokens; empty is none.
        key: Secret,
        /// Previous key, still valid; empty is none.
        previous_key: Secret,
    }

    /// `[webhooks]`
    WebhooksSettings {
        /// Endpoints that receive events.
        endpoints: Vec<WebhookEndpoint>,
        /// Hosts that may have a private address.
        allowed_hosts: Vec<String>,
        /// Attempts before a delivery is a dead letter.
        max_attempts: u32,
        /// Upper bound of the wait before the second attempt, in milliseconds.
        backoff_initial_ms: u64,
        /// Upper bound of every wait, in milliseconds.
        backoff_max_ms: u64,
        /// Milliseconds for one attempt.
        timeout_ms: u64,
        /// Concurrent deliveries to one endpoint.
        concurrency: usize,
    }

    /// One of `webhooks.endpoints`.
    WebhookEndpoint {
        /// Address of the endpoint.
        url: String,
        /// Subscribed events: names of [`WEBHOOK_EVENTS`], or `all`.
        events: Vec<String>,
        /// Signing secret: `whsec_` and base64.
        secret: Secret,
        /// Previous secret, which signs as well during a rotation.
        #[serde(default)]
        previous_secret: Secret,
    }

    /// `[redis]`
    RedisSettings {
        /// Address; empty is none. A secret, because it may hold a password.
        url: Secret,
        /// Whether a pod without it reports that it is not ready.
        required_for_ready: bool,
        /// Certificate of a private authority; empty trusts the public ones.
        ca_file: String,
        /// Prefix of every key and channel.
        prefix: String,
        /// Milliseconds for one command.
        command_timeout_ms: u64,
    }

    /// `[pods]`
    PodsSettings {
        /// Milliseconds between heartbeats.
        heartbeat_ms: u64,
        /// Milliseconds of silence after which a pod is gone.
        expires_ms: u64,
    }

    /// `[archive]`
    ArchiveSettings {
        /// Address of PostgreSQL; empty is a file. A secret, because it may hold a password.
        url: Secret,
        /// What stands between the server and PostgreSQL.
        pooler: PoolerChoice,
        /// The file; empty is a temporary one.
        path: String,
        /// Most connections to the database.
        connections: u32,
        /// Longest wait for a connection, in milliseconds.
        connect_timeout_ms: u64,
        /// Milliseconds for a query or a batch.
        timeout_ms: u64,
        /// Milliseconds for the migrations of the tables.
        migration_timeout_ms: u64,
        /// Most queued records.
        queue_records: usize,
        /// Most bytes of queued records.
        queue_bytes: usize,
        /// Folder for records that a stopping server could not write; empty drops them.
        spill_dir: String,
        /// Most bytes of that folder.
        spill_bytes: u64,
        /// Most records of a batch.
        batch_records: usize,
        /// Milliseconds that a record waits for a batch to fill.
        batch_delay_ms: u64,
        /// Days a conversation is stored; 0 is forever.
        retention_days: u32,
    }

    /// `[uploads]`
    UploadsSettings {
        /// Whether pictures are accepted.
        enabled: bool,
        /// Their folder; empty is a temporary one.
        dir: String,
        /// Largest picture, in bytes.
        max_bytes: usize,
        /// Most pixels of a picture.
        max_pixels: u64,
        /// Milliseconds for which a picture is stored.
        retention_ms: u64,
        /// Most bytes of all pictures.
        max_total_bytes: u64,
        /// Pictures per hour and conversation.
        per_conversation: u32,
        /// Pictures per hour and address; 0 is unlimited.
        per_address: u32,
    }

    /// `[offline_messages]`
    OfflineMessagesSettings {
        /// Messages per hour and address, and per hour and conversation.
        per_address: u32,
        /// Messages per hour in total.
        per_hour: u32,
    }

    /// `[outbound]`
    OutboundSettings {
        /// PEM file of certificate authorities to trust besides the well-known ones; empty is none.
        ca_file: String,
    }

    /// `[traces]`
    TracesSettings {
        /// Address of the collector; empty is off.
        endpoint: String,
        /// Share of the traces that begin here and are recorded, 0 to 1.
        sample_ratio: f64,
        /// Spans of other systems that are recorded in a second because they ask for it.
        incoming_per_second: u32,
        /// Milliseconds for one batch.
        timeout_ms: u64,
    }

    /// `[log]`
    LogSettings {
        /// Least severe level that is written.
        level: LogLevel,
        /// Format of a line.
        format: LogFormat,
    }
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
