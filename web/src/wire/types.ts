// Made by `npm run wire` from the types of hsc-conversation and hsc-actors. Do not edit: change the Rust types and run it again.

/**
 * How a customer uses the product; the ranking may use it.
 */
export type Scenario = "general" | "studio" | "live";
/**
 * A message of an agent.
 */
export type AgentMessage =
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      type: "watch";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      type: "unwatch";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      type: "take";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * Id of the colleague.
       */
      to: string;
      type: "hand";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      type: "give_back";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      type: "close";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * The text, up to 2,000 characters; may be empty beside an upload.
       */
      content: string;
      /**
       * Id of an uploaded picture.
       */
      upload?: string | null;
      type: "say";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * The text, up to 5,000 characters.
       */
      content: string;
      type: "note";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * True while the agent is typing.
       */
      typing: boolean;
      type: "typing";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * The question; else the visitor's last one.
       */
      question?: string | null;
      type: "draft";
    }
  | {
      /**
       * True when the agent takes conversations.
       */
      available: boolean;
      type: "available";
    };
/**
 * The author of a `message`.
 */
export type Speaker = "visitor" | "agent";
/**
 * A message as a client writes it.
 */
export type ClientSays =
  | {
      /**
       * Empty asks for a sample of the catalog.
       */
      content: string;
      type: "typing";
    }
  | {
      /**
       * The text of the first box.
       */
      content: string;
      type: "understand";
    }
  | (Ask & {
      type: "query";
    })
  | (Ask & {
      type: "lock_and_query";
    })
  | (Hello & {
      type: "hello";
    })
  | (About & {
      type: "about";
    })
  | {
      type: "cancel";
    }
  | (HandoffWish & {
      type: "handoff";
    })
  | (VisitorMessage & {
      type: "message";
    })
  | (Feedback & {
      type: "feedback";
    })
  | (Csat & {
      type: "csat";
    })
  | {
      type: "bye";
    };
/**
 * The rating of an answer.
 */
export type Thumb = "up" | "down";
/**
 * A message to agents.
 */
export type DeskMessage =
  | (DeskSnapshot & {
      type: "desk";
    })
  | {
      ticket: Ticket;
      type: "ticket";
    }
  | (TicketGone & {
      type: "ticket_gone";
    })
  | {
      /**
       * All present agents.
       */
      agents: Presence[];
      type: "agents";
    }
  | (Transcript & {
      type: "transcript";
    })
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * Its offset in the conversation.
       */
      offset?: number | null;
      frame: ServerMessage;
      type: "entry";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * True while the visitor is typing.
       */
      typing: boolean;
      type: "visitor_typing";
    }
  | {
      /**
       * Id of the conversation.
       */
      conversation: string;
      /**
       * True when the visitor is connected.
       */
      online: boolean;
      type: "visitor_presence";
    }
  | {
      /**
       * Their ids; empty when there are too many to name.
       */
      conversations: string[];
      type: "archived";
    }
  | (Note & {
      type: "note";
    })
  | (Draft & {
      type: "draft";
    })
  | {
      type: "done";
    }
  | {
      /**
       * For people.
       */
      message: string;
      code: ErrorCode;
      by?: Agent | null;
      type: "error";
    }
  | {
      /**
       * Delay before the reconnect, in milliseconds.
       */
      after_ms: number;
      type: "reconnect";
    };
/**
 * Why a conversation left the desk.
 */
export type TicketGoneReason = "withdrawn" | "returned" | "closed" | "ended" | "expired";
/**
 * A message of the server.
 */
export type ServerMessage =
  | {
      /**
       * Best first.
       */
      data: Prediction[];
      type: "prediction";
    }
  | (Understood & {
      type: "understood";
    })
  | {
      /**
       * The sentence.
       */
      msg: string;
      type: "status";
    }
  | {
      /**
       * Text with markers.
       */
      content: string;
      type: "answer_chunk";
    }
  | {
      data: AnswerContext;
      type: "context";
    }
  | (FinalAnswer & {
      type: "final_answer";
    })
  | {
      /**
       * For people.
       */
      message: string;
      code: ErrorCode;
      type: "error";
    }
  | {
      /**
       * Place in the queue; 1 is next.
       */
      place: number;
      for: QueueFor;
      /**
       * Estimated wait, in milliseconds; none if it is unknown.
       */
      wait_ms?: number | null;
      type: "queue";
    }
  | {
      /**
       * For people.
       */
      message: string;
      type: "notice";
    }
  | (Welcome & {
      type: "welcome";
    })
  | {
      /**
       * Delay before the reconnect, in milliseconds.
       */
      after_ms: number;
      type: "reconnect";
    }
  | (HandoffChange & {
      type: "handoff";
    })
  | {
      agent: Agent;
      type: "agent_joined";
    }
  | {
      agent: Agent;
      reason: LeaveReason;
      type: "agent_left";
    }
  | (ChatMessage & {
      type: "message";
    })
  | {
      /**
       * True while the agent is typing.
       */
      typing: boolean;
      type: "agent_typing";
    }
  | {
      type: "ack";
    };
/**
 * One predicted product.
 */
export type Prediction = WholePrediction | LeanPrediction;
/**
 * Stable, machine-readable name of an error; stands beside `message` on every `error`.
 */
export type ErrorCode =
  | "invalid_json"
  | "invalid_message"
  | "unknown_type"
  | "rate_limited"
  | "too_many_questions"
  | "invalid_image"
  | "no_such_upload"
  | "no_agent"
  | "no_such_answer"
  | "taken"
  | "not_yours"
  | "no_such_conversation"
  | "not_present"
  | "desk_away"
  | "visitor_expired"
  | "visitor_refused"
  | "internal";
/**
 * What a visitor waits for in a queue.
 */
export type QueueFor = "answer" | "agent";
/**
 * The owner of a conversation.
 */
export type HandoffState = "waiting" | "with_agent" | "returned" | "closed" | "unavailable";
/**
 * Why an agent left the conversation.
 */
export type LeaveReason = "handed" | "returned" | "closed" | "ended" | "gone" | "no_answer";
/**
 * Where a child is in its life cycle.
 */
export type ActorState = "down" | "starting" | "up" | "restarting" | "gave_up" | "stopped";

export interface Wire {
  About: About;
  AboutProduct: AboutProduct;
  Accessory: Accessory;
  Agent: Agent;
  AgentMessage: AgentMessage;
  AnswerContext: AnswerContext;
  Ask: Ask;
  ChatMessage: ChatMessage;
  Citation: Citation;
  ClientSays: ClientSays;
  Csat: Csat;
  DeskMessage: DeskMessage;
  DeskSnapshot: DeskSnapshot;
  DetectedProduct: DetectedProduct;
  Draft: Draft;
  Envelope: Envelope;
  ErrorCode: ErrorCode;
  Feedback: Feedback;
  FinalAnswer: FinalAnswer;
  HandoffChange: HandoffChange;
  HandoffState: HandoffState;
  HandoffWish: HandoffWish;
  Hello: Hello;
  Highlight: Highlight;
  LeanBrand: LeanBrand;
  LeanPrediction: LeanPrediction;
  LeanProduct: LeanProduct;
  LeaveReason: LeaveReason;
  Limits: Limits;
  Note: Note;
  Prediction: Prediction;
  PredictionContext: PredictionContext;
  Presence: Presence;
  QueueFor: QueueFor;
  Reason: Reason;
  Resume: Resume;
  Scenario: Scenario;
  ServerMessage: ServerMessage;
  Speaker: Speaker;
  Thumb: Thumb;
  Ticket: Ticket;
  TicketGone: TicketGone;
  TicketGoneReason: TicketGoneReason;
  Transcript: Transcript;
  TranscriptEntry: TranscriptEntry;
  Understood: Understood;
  VisitorMessage: VisitorMessage;
  Welcome: Welcome;
  WholePrediction: WholePrediction;
  ManualSections: ManualSections;
  OneProduct: OneProduct;
  Pods: Pods;
  TreeReport: TreeReport;
  ManualSection: ManualSection;
  ManualLink: ManualLink;
  PodReport: PodReport;
  PodTotals: PodTotals;
  ActorState: ActorState;
}
/**
 * `about`: the state of the visitor's page. An absent field leaves the earlier value.
 */
export interface About {
  /**
   * The product that the visitor has chosen; empty when the choice was removed.
   */
  product_id?: string | null;
  scenario?: Scenario | null;
  /**
   * Address of the page (`http` or `https`), up to 1,000 characters, without fragment and user name.
   */
  page?: string | null;
}
/**
 * The product of a conversation, as a list shows it.
 */
export interface AboutProduct {
  /**
   * Its id in the catalog.
   */
  id: string;
  /**
   * Its name.
   */
  name: string;
}
/**
 * A related product as sent to clients (`related_items`).
 */
export interface Accessory {
  /**
   * Id of the related product.
   */
  id: string;
  /**
   * Display name.
   */
  name: string;
  /**
   * Its category; may be empty.
   */
  category: string;
  /**
   * Country of production; may be empty.
   */
  production_country: string;
  /**
   * Kind of link, e.g. `accessory`.
   */
  type: string;
  /**
   * Label of the link in the catalog.
   */
  label: string;
  /**
   * Address of its picture; may be empty.
   */
  image: string;
}
/**
 * An agent, who answers visitors.
 */
export interface Agent {
  /**
   * Id of the account.
   */
  id: string;
  /**
   * The name that visitors and colleagues see.
   */
  name: string;
}
/**
 * The context of an answer.
 */
export interface AnswerContext {
  /**
   * The `brand_identity`.
   */
  brand: {
    [k: string]: unknown;
  };
  /**
   * Related products.
   */
  related_items: Accessory[];
  scenario: Scenario;
}
/**
 * The fields of a question.
 */
export interface Ask {
  /**
   * The product.
   */
  product_id: string;
  /**
   * The question.
   */
  query: string;
  scenario: Scenario;
  /**
   * A picture: a data URL, or bare base64.
   */
  image?: string | null;
  /**
   * Replaces the running answer and the queued questions; else this one is queued.
   */
  replace?: boolean | null;
}
/**
 * `message`: a message between visitor and agent.
 */
export interface ChatMessage {
  from: Speaker;
  agent?: Agent | null;
  /**
   * The text.
   */
  content: string;
  /**
   * The text as HTML; markup of the author is escaped.
   */
  html: string;
  /**
   * The cited pages of the manual.
   */
  citations?: Citation[];
  /**
   * Time of the message, in milliseconds since 1970.
   */
  at_ms: number;
  /**
   * Id of an uploaded picture.
   */
  upload?: string | null;
}
/**
 * A page that supports an answer.
 */
export interface Citation {
  /**
   * The page, counted from 1 in the file.
   */
  page: number;
  /**
   * The number printed on that page, if it differs.
   */
  page_label?: string | null;
  /**
   * The manual's own words.
   */
  quote: string;
  /**
   * Its address in a browser: `/manuals/<product_id>#page=12`.
   */
  url: string;
  /**
   * Relevance to the question, 0 to 1.
   */
  score: number;
}
/**
 * `hello`: the capabilities of the client, and the conversation to continue.
 */
export interface Hello {
  /**
   * Predictions without the whole catalog entry.
   */
  compact?: boolean;
  /**
   * The visitor's language, a BCP 47 tag.
   */
  locale?: string | null;
  resume?: Resume | null;
  /**
   * The visitor token: a JWT that the embedding site signed.
   */
  visitor?: string | null;
}
/**
 * The conversation to continue, and the client's position in it.
 */
export interface Resume {
  /**
   * The conversation.
   */
  conversation: string;
  /**
   * The token of its `welcome`.
   */
  token: string;
  /**
   * The last offset that the client has.
   */
  after: number;
}
/**
 * `handoff`: the visitor wants an agent, or withdraws.
 */
export interface HandoffWish {
  /**
   * The visitor's reason, up to 500 characters.
   */
  reason?: string | null;
  /**
   * True when the visitor does not want an agent any more.
   */
  withdraw?: boolean;
}
/**
 * `message`: from the visitor to the agent.
 */
export interface VisitorMessage {
  /**
   * The text, up to 2,000 characters; may be empty beside an upload.
   */
  content: string;
  /**
   * Id of an uploaded picture.
   */
  upload?: string | null;
}
/**
 * `feedback`: the visitor's rating of one answer.
 */
export interface Feedback {
  /**
   * The offset of the answer's `final_answer`.
   */
  offset: number;
  thumb: Thumb;
  /**
   * The visitor's comment, up to 1,000 characters.
   */
  comment?: string | null;
}
/**
 * `csat`: the visitor's rating of the conversation.
 */
export interface Csat {
  /**
   * 1 (bad) to 5 (good).
   */
  rating: number;
  /**
   * The visitor's comment, up to 1,000 characters.
   */
  comment?: string | null;
}
/**
 * A snapshot of the desk.
 */
export interface DeskSnapshot {
  you: Agent;
  /**
   * True when this agent takes conversations.
   */
  available: boolean;
  /**
   * Conversations that wait for an agent, the longest wait first.
   */
  waiting: Ticket[];
  /**
   * This agent's conversations.
   */
  mine: Ticket[];
  /**
   * Conversations of colleagues.
   */
  open: Ticket[];
  /**
   * The present agents.
   */
  agents: Presence[];
}
/**
 * A conversation that waits for an agent, or has one.
 */
export interface Ticket {
  /**
   * The conversation.
   */
  conversation: string;
  product?: AboutProduct | null;
  /**
   * The visitor's name, if it is known.
   */
  visitor?: string | null;
  /**
   * The visitor's language, a BCP 47 tag.
   */
  locale?: string | null;
  scenario?: Scenario | null;
  /**
   * Address of the page on which the visitor chats, if it is known.
   */
  page?: string | null;
  /**
   * Why the visitor wants an agent.
   */
  reason?: string | null;
  /**
   * The last message, cut short.
   */
  last?: string | null;
  /**
   * Start of the wait, in milliseconds since 1970. It stays when the conversation is returned to the queue, so
   * that the longest wait is first.
   */
  since_ms: number;
  agent?: Agent | null;
  unanswered_by?: Agent | null;
  /**
   * True while the visitor is connected.
   */
  online: boolean;
  /**
   * The pod of the visitor's socket, or of the last one.
   */
  pod: string;
  /**
   * Increases with every change at the desk: of two tickets of one conversation the greater is newer.
   */
  rev: number;
}
/**
 * A present agent.
 */
export interface Presence {
  agent: Agent;
  /**
   * True when the agent takes conversations; false during a break.
   */
  available: boolean;
}
/**
 * A conversation that left the desk.
 */
export interface TicketGone {
  /**
   * The conversation.
   */
  conversation: string;
  why: TicketGoneReason;
  agent?: Agent | null;
  /**
   * As [`Ticket::rev`].
   */
  rev: number;
}
/**
 * The transcript of a conversation.
 */
export interface Transcript {
  /**
   * Id of the conversation.
   */
  conversation: string;
  ticket?: Ticket | null;
  /**
   * The entries, in order.
   */
  entries: TranscriptEntry[];
  /**
   * The agents' notes, in order.
   */
  notes: Note[];
  /**
   * False when earlier parts are not stored any more.
   */
  whole: boolean;
}
/**
 * One message of a transcript.
 */
export interface TranscriptEntry {
  /**
   * Its offset in the conversation.
   */
  offset: number;
  frame: ServerMessage;
}
/**
 * Part 1: the whole catalog entry.
 */
export interface WholePrediction {
  /**
   * The catalog entry as it is, `brand_identity` added.
   */
  product: {
    [k: string]: unknown;
  };
  /**
   * The `brand_identity`.
   */
  brand: {
    [k: string]: unknown;
  };
  context: PredictionContext;
  /**
   * 0 to 100.
   */
  confidence: number;
  /**
   * The text that matched.
   */
  match_text: string;
}
/**
 * `context` of a prediction.
 */
export interface PredictionContext {
  /**
   * Related products.
   */
  related_items: Accessory[];
}
/**
 * Part 2, `compact`: the fields that a list on the screen needs.
 */
export interface LeanPrediction {
  product: LeanProduct;
  brand: LeanBrand;
  /**
   * 0 to 100.
   */
  confidence: number;
  /**
   * The text that matched.
   */
  match_text: string;
  /**
   * Where it matched.
   */
  matched: Highlight[];
}
/**
 * The short form of a product.
 */
export interface LeanProduct {
  /**
   * Id.
   */
  id: string;
  /**
   * Name.
   */
  name: string;
  /**
   * Id of its brand.
   */
  brand: string;
  /**
   * Category.
   */
  category: string;
  /**
   * True where the catalog has a manual for it.
   */
  manual: boolean;
}
/**
 * The short form of a brand.
 */
export interface LeanBrand {
  /**
   * Id.
   */
  id: string;
  /**
   * Name.
   */
  name: string;
}
/**
 * A range of characters (Unicode scalar values, end excluded) that matched.
 */
export interface Highlight {
  /**
   * `name`, `model`, `brand`, `category`, `id` or `alias`.
   */
  field: string;
  /**
   * First character.
   */
  start: number;
  /**
   * One past the last.
   */
  end: number;
}
/**
 * The meaning of the text of the first box.
 */
export interface Understood {
  /**
   * The products that it may mean, best first, in the form of a `prediction`.
   */
  data: Prediction[];
  detected?: DetectedProduct | null;
  /**
   * The intended text, if it was typed with another keyboard layout.
   */
  corrected?: string | null;
}
/**
 * A product that a text names, and the rest of the text.
 */
export interface DetectedProduct {
  product: LeanProduct;
  brand: LeanBrand;
  /**
   * 0 to 100.
   */
  confidence: number;
  /**
   * The text without the name of the product; empty if there is no other text.
   */
  question: string;
}
/**
 * The end of an answer. `content` is always empty (part 1); the rest is part 2.
 */
export interface FinalAnswer {
  /**
   * Always empty.
   */
  content: string;
  /**
   * The pages the answer rests on, in the order it cites them.
   */
  citations: Citation[];
  /**
   * 0 to 1.
   */
  confidence: number;
  /**
   * True when the answer rests on cited pages only.
   */
  grounded: boolean;
  /**
   * The whole answer as sanitised HTML.
   */
  html: string;
  /**
   * `extractive` or `llm`.
   */
  answerer: string;
  /**
   * True when the language model was configured but did not answer.
   */
  fallback?: boolean;
  /**
   * True when an older copy of the manual was used.
   */
  stale?: boolean;
  /**
   * True when the answer quotes passages that may answer, and states nothing itself.
   */
  likely?: boolean;
  /**
   * Scanned pages of the manual that are not recognized yet: the same question may get another answer later.
   */
  pages_pending?: number;
  /**
   * True when the visitor stopped it, or replaced it with another question.
   */
  cancelled?: boolean;
  reason?: Reason | null;
  /**
   * The question, in a conversation that began with `hello`.
   */
  question?: string | null;
  /**
   * Id of the product.
   */
  product_id?: string | null;
}
/**
 * Why there is no answer.
 */
export interface Reason {
  /**
   * `unknown`, `none` (no manual in the catalog), or why the manual could not be loaded.
   */
  code: string;
  /**
   * The sentence for the customer.
   */
  message: string;
}
/**
 * The answer to `hello`.
 */
export interface Welcome {
  /**
   * The conversation.
   */
  conversation: string;
  /**
   * Proves that the client may continue the conversation.
   */
  token: string;
  /**
   * The epoch of the owner.
   */
  epoch: number;
  /**
   * The last offset that was assigned.
   */
  offset: number;
  /**
   * True when the history after the client's last offset is complete.
   */
  recovered: boolean;
  /**
   * Why it is not complete; none if it is, or if the client did not resume.
   */
  reason?: string | null;
  limits: Limits;
}
/**
 * The limits of a connection.
 */
export interface Limits {
  /**
   * Longest `content` of `typing`, in characters.
   */
  typing_chars: number;
  /**
   * Longest question, in characters.
   */
  question_chars: number;
  /**
   * Largest picture, decoded, in bytes.
   */
  image_bytes: number;
  /**
   * Largest message, in bytes.
   */
  message_bytes: number;
  /**
   * Sustained rate of messages per second.
   */
  messages_per_second: number;
}
/**
 * A change of the conversation's owner, as it is sent to the visitor.
 */
export interface HandoffChange {
  state: HandoffState;
  /**
   * Why, for people; none if it needs no explanation.
   */
  reason?: string | null;
  /**
   * True when the visitor can leave a message with an address instead.
   */
  form?: boolean;
}
/**
 * A note; never sent to a visitor.
 */
export interface Note {
  /**
   * Id of the note, the same live and in a transcript; empty from a pod of a version without note ids.
   */
  note_id?: string;
  /**
   * Id of the conversation.
   */
  conversation: string;
  agent: Agent;
  /**
   * The text.
   */
  content: string;
  /**
   * Time of the note, in milliseconds since 1970.
   */
  at_ms: number;
}
/**
 * The manual's answer as a draft.
 */
export interface Draft {
  /**
   * Id of the conversation.
   */
  conversation: string;
  /**
   * The text, with markers.
   */
  content: string;
  /**
   * The cited pages.
   */
  citations: Citation[];
  /**
   * 0 to 1.
   */
  confidence: number;
  /**
   * True when every statement rests on a cited page.
   */
  grounded: boolean;
}
/**
 * The fields beside every message, both ways.
 */
export interface Envelope {
  /**
   * The client's own id for its message; every reply to it echoes it.
   */
  id?: string | null;
  /**
   * Offset in the conversation, on durable messages of the server.
   */
  offset?: number | null;
}
/**
 * Sections of a product's manual, as `GET /api/products/{id}/sections` returns them.
 */
export interface ManualSections {
  /**
   * Sections that a customer is likely to ask about, in the order of the manual. Empty if there is no manual, or
   * if it names no sections.
   */
  sections: ManualSection[];
}
/**
 * A section of a manual.
 */
export interface ManualSection {
  /**
   * Its heading without the number before it.
   */
  title: string;
  /**
   * The page on which it begins.
   */
  page: number;
}
/**
 * One product.
 */
export interface OneProduct {
  /**
   * The catalog entry as it is, `brand_identity` added.
   */
  product: {
    [k: string]: unknown;
  };
  /**
   * The `brand_identity`.
   */
  brand: {
    [k: string]: unknown;
  };
  context: PredictionContext;
  manual?: ManualLink | null;
  /**
   * The scenarios that apply to it, `general` always first.
   */
  scenarios: Scenario[];
}
/**
 * Where a manual is.
 */
export interface ManualLink {
  /**
   * Its address on this server; `#page=N` opens page N.
   */
  url: string;
  /**
   * `pdf` or `html`, from the catalog.
   */
  type: string;
}
/**
 * All pods, as far as this one knows.
 */
export interface Pods {
  /**
   * The name of the reporting pod.
   */
  this: string;
  /**
   * False when there may be others: Redis is unavailable.
   */
  complete: boolean;
  /**
   * Why it is not complete; none if it is.
   */
  reason?: string | null;
  /**
   * The pods, by name.
   */
  pods: PodReport[];
  totals: PodTotals;
}
/**
 * The report of a pod. Other pods may be of another version: fields are added, never changed.
 */
export interface PodReport {
  /**
   * Its name; unique over all runs.
   */
  pod: string;
  /**
   * Its address.
   */
  address: string;
  /**
   * Version of the server.
   */
  version: string;
  /**
   * When it started, RFC 3339.
   */
  started_at: string;
  /**
   * True if it takes no new sessions and ends soon.
   */
  draining: boolean;
  /**
   * Number of open sockets.
   */
  sessions: number;
  /**
   * Number of their conversations.
   */
  conversations: number;
  /**
   * Number of running answers.
   */
  answering: number;
  /**
   * Number of queued questions.
   */
  waiting: number;
}
/**
 * Sums over pods.
 */
export interface PodTotals {
  /**
   * Pods that report, this one included.
   */
  pods: number;
  /**
   * Open visitor sockets.
   */
  sessions: number;
  /**
   * Conversations with a session.
   */
  conversations: number;
  /**
   * Running answers.
   */
  answering: number;
  /**
   * Queued questions.
   */
  waiting: number;
}
/**
 * One actor of the tree and its descendants.
 */
export interface TreeReport {
  /**
   * Its unique name.
   */
  name: string;
  /**
   * Label of its metrics.
   */
  kind: string;
  state: ActorState;
  /**
   * Number of restarts.
   */
  restarts: number;
  /**
   * How it last ended, e.g. `panicked: index out of bounds`.
   */
  last_reason: string | null;
  /**
   * Number of messages in its inbox.
   */
  mailbox_depth: number;
  /**
   * Milliseconds since the last start; `None` while it is not up.
   */
  uptime_ms: number | null;
  observed: unknown;
  /**
   * Its children, in start order.
   */
  children: TreeReport[];
}
