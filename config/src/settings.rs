//! The settings as types. `default.toml` beside this crate has a line for each field, with its reason.
//!
//! Names, order and nesting are those of the file; a test walks both.

use serde::{Deserialize, Serialize};

use crate::Secret;

/// What an endpoint of a webhook may be told of. `docs/webhooks.md` has a body of each.
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
    /// Everything that can be set.
    Settings {
        /// The listening side.
        server: ServerSettings,
        /// The catalog files.
        catalog: CatalogSettings,
        /// Fetching and reading manuals.
        manuals: ManualsSettings,
        /// Answering.
        answers: AnswersSettings,
        /// What is kept to be used again.
        cache: CacheSettings,
        /// Conversations.
        sessions: SessionsSettings,
        /// What is kept of conversations.
        conversations: ConversationsSettings,
        /// Persons who answer.
        desk: DeskSettings,
        /// What keeps actors alive.
        actors: ActorsSettings,
        /// Faults on demand.
        chaos: ChaosSettings,
        /// Administration.
        admin: AdminSettings,
        /// Who of the team signs in, and how.
        identity: IdentitySettings,
        /// Visitors for whom a site signs.
        visitors: VisitorsSettings,
        /// Who outside is told what happens.
        webhooks: WebhooksSettings,
        /// Redis, where there is one.
        redis: RedisSettings,
        /// Pods among each other.
        pods: PodsSettings,
        /// What is kept of conversations.
        archive: ArchiveSettings,
        /// Pictures in conversations.
        uploads: UploadsSettings,
        /// What visitors leave or have sent.
        offline_messages: OfflineMessagesSettings,
        /// Logging.
        log: LogSettings,
    }

    /// `[server]`
    ServerSettings {
        /// Address to listen on.
        host: String,
        /// Port to listen on.
        port: u16,
        /// Threads; 0 is one a core.
        workers: usize,
        /// Largest client message, in bytes.
        max_message_bytes: usize,
        /// Time between pings.
        ping_interval_ms: u64,
        /// Silence after which a client is gone.
        idle_timeout_ms: u64,
        /// Bytes that may be queued for a slow reader.
        outgoing_queue_bytes: usize,
        /// Bytes that may be queued for all clients together.
        queued_bytes: usize,
        /// Sustained message rate of a connection.
        messages_per_second: u32,
        /// Messages at once.
        message_burst: u32,
        /// Sustained rate of small frames of a connection.
        small_frames_per_second: u32,
        /// Longest time from the first byte of a message to its last.
        message_deadline_ms: u64,
        /// Memory of the pod for messages that are not finished.
        unfinished_message_bytes: usize,
        /// Longest time for a client to take what was sent before a close.
        close_timeout_ms: u64,
        /// Origins that may connect; none is any.
        allowed_origins: Vec<String>,
        /// Addresses and networks of the proxies whose word on the client's address counts.
        trusted_proxies: Vec<String>,
        /// Sites that may frame the visitor's page; none is no site.
        frame_ancestors: Vec<String>,
        /// Address that browsers reach it under; empty is wherever they call.
        public_url: String,
        /// Name of this pod; empty is that of the machine.
        pod_name: String,
        /// Where it is reached; empty is where it listens.
        advertise: String,
        /// Second address, for operations; empty is none.
        operations_listen: String,
        /// Connections of all clients; 0 is what the descriptors allow.
        max_connections: usize,
        /// Connections of one client address; 0 is any number.
        max_connections_per_address: usize,
        /// Longest head of a request.
        header_timeout_ms: u64,
        /// Longest idle time between two requests.
        keep_alive_ms: u64,
        /// Longest body of a request.
        body_timeout_ms: u64,
        /// Slowest body of a request; 0 is any rate.
        body_bytes_per_second: u32,
        /// Longest time in which a client takes nothing.
        write_timeout_ms: u64,
        /// Whether trusted proxies begin with a PROXY header.
        proxy_protocol: bool,
        /// How long a stopping server waits.
        drain_timeout_ms: u64,
        /// TLS.
        tls: TlsSettings,
    }

    /// `[server.tls]`
    TlsSettings {
        /// File of the certificate chain; empty is no TLS.
        cert: String,
        /// File of its key.
        key: String,
    }

    /// `[catalog]`
    CatalogSettings {
        /// Folder of the catalog files.
        dir: String,
        /// Load again when a file changes.
        watch: bool,
        /// Quiet time before that.
        watch_debounce_ms: u64,
    }

    /// `[manuals]`
    ManualsSettings {
        /// Largest manual, in bytes.
        max_bytes: u64,
        /// Most pages read.
        max_pages: u32,
        /// Longest fetch in all.
        fetch_timeout_ms: u64,
        /// Longest connect.
        connect_timeout_ms: u64,
        /// Tries after the first.
        retries: u32,
        /// Wait before the first retry.
        retry_base_ms: u64,
        /// Most redirects followed.
        max_redirects: u32,
        /// Our name to a manual's host.
        user_agent: String,
        /// Hosts that may lie at a private address.
        allowed_hosts: Vec<String>,
        /// Longest reading.
        extract_timeout_ms: u64,
        /// Most memory of the reading process.
        extract_memory_bytes: u64,
        /// Most text of a manual.
        extract_max_text_bytes: usize,
        /// Most elements, texts and comments of a web page.
        html_max_nodes: u32,
        /// Most elements inside each other in a web page.
        html_max_depth: u32,
        /// Most attributes of one element of a web page.
        html_max_attributes: u32,
        /// Which manuals are read in a process of their own.
        isolate: Isolate,
        /// Folder for fetched manuals; empty is a temporary one.
        cache_dir: String,
        /// Age after which a manual is asked for again.
        revalidate_after_ms: u64,
        /// The text of scanned pages.
        ocr: OcrSettings,
    }

    /// `[manuals.ocr]`
    OcrSettings {
        /// Whether the text of scanned pages is recognized.
        enabled: OcrChoice,
        /// Name or path of tesseract.
        command: String,
        /// Languages to recognize, as tesseract names them.
        languages: Vec<String>,
        /// Longest recognition of one page.
        page_timeout_ms: u64,
        /// Longest recognition of one manual.
        timeout_ms: u64,
        /// Longest time that opening a scanned manual waits for it.
        wait_ms: u64,
        /// Most bytes of the recognized pages on disk.
        cache_max_bytes: u64,
    }

    /// `[answers]`
    AnswersSettings {
        /// Who answers.
        answerer: AnswererChoice,
        /// Passages an answer may be made of.
        max_passages: usize,
        /// Confidence under which nothing was found.
        min_confidence: f64,
        /// The sentence encoder.
        encoder: EncoderSettings,
        /// Confidence from which the manual answers; under it there are likely passages.
        answer_confidence: f64,
        /// Folder with files of synonyms; empty is none.
        synonyms: String,
        /// The language model.
        llm: LlmSettings,
    }

    /// `[answers.encoder]`
    EncoderSettings {
        /// False: answers are found by words alone.
        enabled: bool,
        /// The model directory.
        dir: String,
        /// Threads that embed passages.
        threads: usize,
        /// Pause between two looks for a new model, in milliseconds.
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
        /// Key; empty is none.
        api_key: Secret,
        /// Longest answer in all.
        timeout_ms: u64,
        /// Longest until the first words.
        first_token_timeout_ms: u64,
        /// Most tokens of an answer.
        max_tokens: u32,
        /// Characters of manual text in a prompt.
        context_chars: usize,
        /// Answers of the model in a minute, for one conversation; 0 is any number.
        answers_per_minute_per_conversation: u32,
        /// The same for one client address.
        answers_per_minute_per_client: u32,
        /// The same for everybody together.
        answers_per_minute: u32,
        /// Tokens in a day, for one conversation; 0 is any number.
        tokens_per_day_per_conversation: u64,
        /// The same for one client address.
        tokens_per_day_per_client: u64,
        /// The same for everybody together.
        tokens_per_day: u64,
    }

    /// `[cache]`
    CacheSettings {
        /// Shards of each; 0 is twice the cores.
        shards: usize,
        /// How long a failure is remembered.
        negative_ttl_ms: u64,
        /// How long past its time an old value is kept.
        stale_ms: u64,
        /// Longest load.
        load_timeout_ms: u64,
        /// The second layer.
        l2: SecondLayerSettings,
        /// The shelf of read manuals.
        manuals: CacheBudget,
        /// Answers to keystrokes.
        predictions: CacheBudget,
        /// Answers to questions.
        answers: CacheBudget,
    }

    /// `[cache.l2]`
    SecondLayerSettings {
        /// Whether there is one.
        enabled: bool,
        /// Largest value.
        max_value_bytes: usize,
        /// Longest look.
        timeout_ms: u64,
        /// Longest wait for another pod's load.
        wait_ms: u64,
        /// How long a pod that died is waited for.
        lock_ms: u64,
    }

    /// `[cache.manuals]` and its brothers.
    CacheBudget {
        /// Values kept; 0 is none.
        entries: usize,
        /// Bytes kept.
        bytes: usize,
        /// How long one is kept.
        ttl_ms: u64,
    }

    /// `[sessions]`
    SessionsSettings {
        /// Most sessions of this pod.
        max: usize,
        /// Confidence from which a manual is opened ahead.
        prefetch_confidence: u8,
        /// How long typing must rest before that.
        prefetch_after_ms: u64,
        /// Questions that may wait.
        max_pending_questions: usize,
        /// Sessions of one address; 0 is any number.
        max_per_address: u32,
        /// Sessions opened in a second; 0 is any number.
        opens_per_second: u32,
        /// The same of one address; 0 is any number.
        opens_per_second_per_address: u32,
        /// Answers made at once.
        max_answers: usize,
        /// Questions that may wait in line for one.
        max_waiting_answers: usize,
        /// The same of one address; 0 is any number.
        max_waiting_answers_per_address: usize,
        /// Bytes of pictures held for answers.
        max_image_bytes: usize,
        /// The same of one address; 0 is any number.
        max_image_bytes_per_address: usize,
        /// Delay from which the server is too busy; 0 is never.
        overload_after_ms: u64,
    }

    /// `[conversations]`
    ConversationsSettings {
        /// Messages of one that are kept.
        window: usize,
        /// How long an untouched one is kept.
        ttl_ms: u64,
        /// Bytes of them in memory.
        memory_bytes: usize,
        /// What resume tokens are signed with, the first, and verified with, all.
        token_keys: Vec<Secret>,
        /// How long a resume token is good.
        token_ttl_ms: u64,
    }

    /// `[desk]`
    DeskSettings {
        /// Conversations that may wait for a person.
        max_waiting: usize,
        /// Handoffs of one address at once; 0 is any number.
        max_open_per_address: usize,
        /// Handoffs of one address within an hour; 0 is any number.
        per_address: usize,
        /// Silence after which an agent or a visitor is not there.
        presence_timeout_ms: u64,
        /// Silence of an agent after which what the agent had waits again.
        requeue_after_ms: u64,
        /// How long a visitor waits for an agent who has the conversation; 0 is without end.
        answer_within_ms: u64,
        /// Absence after which a visitor does not wait any more.
        visitor_timeout_ms: u64,
        /// How long it is known how a conversation went.
        history_ttl_ms: u64,
        /// When persons are there.
        hours: HoursSettings,
    }

    /// `[desk.hours]`
    HoursSettings {
        /// Whose clocks count.
        time_zone: String,
        /// Hours of a Monday; on no day any is always.
        monday: String,
        /// Of a Tuesday.
        tuesday: String,
        /// Of a Wednesday.
        wednesday: String,
        /// Of a Thursday.
        thursday: String,
        /// Of a Friday.
        friday: String,
        /// Of a Saturday.
        saturday: String,
        /// Of a Sunday.
        sunday: String,
        /// Days on which nobody is there.
        closed_days: Vec<String>,
    }

    /// `[actors]`
    ActorsSettings {
        /// Threads; 0 is one a core.
        threads: usize,
        /// Restarts that are borne.
        max_restarts: u32,
        /// The time they are counted in.
        restart_window_ms: u64,
        /// Wait before the second restart in a row.
        backoff_initial_ms: u64,
        /// Longest wait before a restart.
        backoff_max_ms: u64,
        /// Silence after which an actor hangs.
        heartbeat_timeout_ms: u64,
        /// Longest stop.
        stop_timeout_ms: u64,
        /// Messages that may wait.
        mailbox_capacity: usize,
        /// Longest wait for an actor that is down.
        restart_wait_ms: u64,
        /// What becomes of a pod whose actor was given up.
        on_give_up: GiveUpChoice,
        /// Pace of further tries.
        retry_interval_ms: u64,
    }

    /// `[chaos]`
    ChaosSettings {
        /// Faults on demand.
        enabled: bool,
    }

    /// `[admin]`
    AdminSettings {
        /// What a caller has to bring; empty is none.
        token: Secret,
    }

    /// `[identity]`
    IdentitySettings {
        /// Idle time after which somebody is signed out.
        session_idle_ms: u64,
        /// Longest session.
        session_ms: u64,
        /// How long the link of a first start is good.
        first_link_ms: u64,
        /// The OpenID Connect provider.
        openid: OpenIdSettings,
    }

    /// `[identity.openid]`
    OpenIdSettings {
        /// The issuer; empty is none.
        issuer: String,
        /// Our name there.
        client_id: String,
        /// Our secret there; empty is none.
        client_secret: Secret,
        /// What people call it.
        name: String,
        /// The claim that says what somebody may do.
        role_claim: String,
        /// Its values for admins.
        admins: Vec<String>,
        /// Its values for agents.
        agents: Vec<String>,
        /// Whether it may lie at a private address, or speak without TLS.
        allow_private: bool,
    }

    /// `[visitors]`
    VisitorsSettings {
        /// What a site signs with; empty is none.
        key: Secret,
        /// What it signed with before; empty is none.
        previous_key: Secret,
    }

    /// `[webhooks]`
    WebhooksSettings {
        /// Who is told.
        endpoints: Vec<WebhookEndpoint>,
        /// Hosts that may lie at a private address.
        allowed_hosts: Vec<String>,
        /// Tries before a delivery is a dead letter.
        max_attempts: u32,
        /// Most of the wait before the second try.
        backoff_initial_ms: u64,
        /// Most of any wait.
        backoff_max_ms: u64,
        /// Longest one try may take.
        timeout_ms: u64,
        /// Deliveries to one endpoint at once.
        concurrency: usize,
    }

    /// One of `webhooks.endpoints`.
    WebhookEndpoint {
        /// Where it is.
        url: String,
        /// Of what it is told: names of [`WEBHOOK_EVENTS`], or `all`.
        events: Vec<String>,
        /// What deliveries are signed with, `whsec_` and base64.
        secret: Secret,
        /// The secret of before, with which they are signed as well while the receiver changes over.
        #[serde(default)]
        previous_secret: Secret,
    }

    /// `[redis]`
    RedisSettings {
        /// Address, empty is none. A secret, because it may hold a password.
        url: Secret,
        /// Whether a pod without it takes no new visitors.
        required_for_ready: bool,
        /// Certificate of a private authority; empty trusts the public ones.
        ca_file: String,
        /// What every key and channel begins with.
        prefix: String,
        /// Longest one command may take.
        command_timeout_ms: u64,
    }

    /// `[pods]`
    PodsSettings {
        /// How often a pod says that it is there.
        heartbeat_ms: u64,
        /// Silence after which it is gone.
        expires_ms: u64,
    }

    /// `[archive]`
    ArchiveSettings {
        /// Address of PostgreSQL; empty is a file. A secret, because it may hold a password.
        url: Secret,
        /// The file; empty is a temporary one.
        path: String,
        /// Most connections.
        connections: u32,
        /// Longest wait for one.
        connect_timeout_ms: u64,
        /// Longest question or batch.
        timeout_ms: u64,
        /// Records that may wait.
        queue_records: usize,
        /// Bytes of them.
        queue_bytes: usize,
        /// Records written at once.
        batch_records: usize,
        /// How long a record waits for others.
        batch_delay_ms: u64,
        /// Days a conversation is kept; 0 is for ever.
        retention_days: u32,
    }

    /// `[uploads]`
    UploadsSettings {
        /// Whether pictures are taken.
        enabled: bool,
        /// Their folder; empty is a temporary one.
        dir: String,
        /// Largest picture.
        max_bytes: usize,
        /// Most pixels.
        max_pixels: u64,
        /// How long one is kept.
        retention_ms: u64,
        /// Most bytes of all.
        max_total_bytes: u64,
        /// Most of one conversation within an hour.
        per_conversation: u32,
        /// Most of one address within an hour; 0 does not count addresses.
        per_address: u32,
    }

    /// `[offline_messages]`
    OfflineMessagesSettings {
        /// Most of one address, and of one conversation, within an hour.
        per_address: u32,
        /// Most of everybody within an hour.
        per_hour: u32,
    }

    /// `[log]`
    LogSettings {
        /// Least severe level that is written.
        level: LogLevel,
        /// Form of a line.
        format: LogFormat,
    }
}

macro_rules! choices {
    ($($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// The words of the choices.
            pub(crate) const WORDS: &[&str] = &[$($word),*];
        }
    )*};
}

choices! {
    /// Which manuals are read in a process of their own.
    Isolate {
        /// Those fetched from the network.
        Http = "http",
        /// All.
        Always = "always",
        /// None.
        Never = "never",
    }

    /// Whether the text of scanned pages is recognized.
    OcrChoice {
        /// Where tesseract is installed.
        Auto = "auto",
        /// Never.
        Never = "never",
    }

    /// Who answers.
    AnswererChoice {
        /// The manual's own sentences.
        Extractive = "extractive",
        /// A language model that is given passages.
        Llm = "llm",
    }

    /// What becomes of a pod whose actor fails more often than is borne.
    GiveUpChoice {
        /// It is not ready, and tries again at a slow pace.
        Retry = "retry",
        /// It ends with an error.
        Exit = "exit",
    }

    /// Severity of a log line.
    LogLevel {
        /// Something failed and somebody must look.
        Error = "error",
        /// Something failed and was mended.
        Warn = "warn",
        /// What an operator wants to know.
        Info = "info",
        /// What a developer wants to know.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }

    /// Form of a log line.
    LogFormat {
        /// Readable on a terminal, JSON elsewhere.
        Auto = "auto",
        /// Readable.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}
