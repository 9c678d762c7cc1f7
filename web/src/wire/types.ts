// Made by `npm run wire` from the types of hsc-conversation and hsc-actors. Do not edit: change the Rust types and run it again.

/**
 * How a customer uses the product; the ranking may use it.
 */
export type Scenario = "general" | "studio" | "live";
/**
 * What an agent says.
 */
export type AgentMessage =
  | {
      /**
       * Which.
       */
      conversation: string;
      type: "watch";
    }
  | {
      /**
       * Which.
       */
      conversation: string;
      type: "unwatch";
    }
  | {
      /**
       * Which.
       */
      conversation: string;
      type: "take";
    }
  | {
      /**
       * Which.
       */
      conversation: string;
      /**
       * The colleague's id.
       */
      to: string;
      type: "hand";
    }
  | {
      /**
       * Which.
       */
      conversation: string;
      type: "give_back";
    }
  | {
      /**
       * Which.
       */
      conversation: string;
      type: "close";
    }
  | {
      /**
       * Which.
       */
      conversation: string;
      /**
       * The words, up to 2,000 characters; may be empty beside an upload.
       */
      content: string;
      /**
       * A picture that was uploaded before.
       */
      upload?: string | null;
      type: "say";
    }
  | {
      /**
       * About which conversation.
       */
      conversation: string;
      /**
       * The words, up to 5,000 characters.
       */
      content: string;
      type: "note";
    }
  | {
      /**
       * In which conversation.
       */
      conversation: string;
      /**
       * Whether.
       */
      typing: boolean;
      type: "typing";
    }
  | {
      /**
       * In which conversation.
       */
      conversation: string;
      /**
       * To this; else to what the visitor asked last.
       */
      question?: string | null;
      type: "draft";
    }
  | {
      /**
       * Whether.
       */
      available: boolean;
      type: "available";
    };
/**
 * Who speaks in a `message`.
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
 * Whether an answer helped.
 */
export type Thumb = "up" | "down";
/**
 * Everything that agents are told.
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
       * All of them.
       */
      agents: Presence[];
      type: "agents";
    }
  | (Transcript & {
      type: "transcript";
    })
  | {
      /**
       * Which.
       */
      conversation: string;
      /**
       * Its place in the conversation.
       */
      offset?: number | null;
      frame: ServerMessage;
      type: "entry";
    }
  | {
      /**
       * In which conversation.
       */
      conversation: string;
      /**
       * Whether.
       */
      typing: boolean;
      type: "visitor_typing";
    }
  | {
      /**
       * In which conversation.
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
       * Their ids; empty where there are more than are named.
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
       * After so long.
       */
      after_ms: number;
      type: "reconnect";
    };
/**
 * Why a conversation is not at the desk any more.
 */
export type TicketGoneReason = "withdrawn" | "returned" | "closed" | "ended" | "expired";
/**
 * Everything the server sends.
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
       * Place in line; 1 is next.
       */
      place: number;
      for: QueueFor;
      /**
       * About how long, in milliseconds, where that is known.
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
       * After so long.
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
       * Whether.
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
 * What a visitor waits for in a line.
 */
export type QueueFor = "answer" | "agent";
/**
 * Who has a conversation.
 */
export type HandoffState = "waiting" | "with_agent" | "returned" | "closed" | "unavailable";
/**
 * Why a person is not in the conversation any more.
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
 * `about`: what the visitor's page shows. A field that is absent leaves what was said before.
 */
export interface About {
  /**
   * The product that the visitor has chosen; empty after the choice was taken back.
   */
  product_id?: string | null;
  scenario?: Scenario | null;
  /**
   * Address of the page (`http` or `https`), up to 1,000 characters, without fragment and user name.
   */
  page?: string | null;
}
/**
 * The product of a conversation, as much of it as a list shows.
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
 * A person who answers visitors.
 */
export interface Agent {
  /**
   * The account.
   */
  id: string;
  /**
   * What visitors and colleagues call the person.
   */
  name: string;
}
/**
 * What goes with an answer.
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
   * Takes the place of the question that is being answered and of those that wait; else this one
   * waits in line.
   */
  replace?: boolean | null;
}
/**
 * `message`: something said between visitor and person.
 */
export interface ChatMessage {
  from: Speaker;
  agent?: Agent | null;
  /**
   * The words.
   */
  content: string;
  /**
   * The words as HTML in which nothing of the speaker's is markup.
   */
  html: string;
  /**
   * Pages of the manual that the words rest on.
   */
  citations?: Citation[];
  /**
   * When, in milliseconds since 1970.
   */
  at_ms: number;
  /**
   * A picture that was uploaded before.
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
 * `hello`: what the client can do, and the conversation it wants to go on with.
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
   * Who the visitor is, signed by the embedding site: a JWT.
   */
  visitor?: string | null;
}
/**
 * Which conversation to continue, and what of it the client has.
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
   * The last offset the client has seen.
   */
  after: number;
}
/**
 * `handoff`: the visitor wants a person, or no more.
 */
export interface HandoffWish {
  /**
   * Why, in the visitor's words, up to 500 characters.
   */
  reason?: string | null;
  /**
   * True when the visitor does not want one any more.
   */
  withdraw?: boolean;
}
/**
 * `message`: from the visitor to the person.
 */
export interface VisitorMessage {
  /**
   * The words, up to 2,000 characters; may be empty beside an upload.
   */
  content: string;
  /**
   * A picture that was uploaded before.
   */
  upload?: string | null;
}
/**
 * `feedback`: what the visitor thinks of one answer.
 */
export interface Feedback {
  /**
   * The offset of the answer's `final_answer`.
   */
  offset: number;
  thumb: Thumb;
  /**
   * Why, up to 1,000 characters.
   */
  comment?: string | null;
}
/**
 * `csat`: what the visitor thinks of the conversation.
 */
export interface Csat {
  /**
   * 1, bad, to 5, good.
   */
  rating: number;
  /**
   * Why, up to 1,000 characters.
   */
  comment?: string | null;
}
/**
 * The desk at one moment.
 */
export interface DeskSnapshot {
  you: Agent;
  /**
   * True when this agent takes conversations.
   */
  available: boolean;
  /**
   * Conversations that wait for a person, the longest wait first.
   */
  waiting: Ticket[];
  /**
   * This agent's conversations.
   */
  mine: Ticket[];
  /**
   * Those of colleagues.
   */
  open: Ticket[];
  /**
   * The agents who are there.
   */
  agents: Presence[];
}
/**
 * A conversation that waits for a person, or has one.
 */
export interface Ticket {
  /**
   * The conversation.
   */
  conversation: string;
  product?: AboutProduct | null;
  /**
   * The visitor's name, where it is known.
   */
  visitor?: string | null;
  /**
   * The visitor's language, a BCP 47 tag.
   */
  locale?: string | null;
  scenario?: Scenario | null;
  /**
   * Address of the page on which the visitor chats, where it is known.
   */
  page?: string | null;
  /**
   * Why the visitor wants a person.
   */
  reason?: string | null;
  /**
   * What was said last, cut short.
   */
  last?: string | null;
  /**
   * Since when the visitor waits, in milliseconds since 1970. Kept when it is given away and comes
   * back, so that who waits longest comes first.
   */
  since_ms: number;
  agent?: Agent | null;
  unanswered_by?: Agent | null;
  /**
   * True while the visitor is connected.
   */
  online: boolean;
  /**
   * The pod that holds the visitor's socket, or held it last.
   */
  pod: string;
  /**
   * Goes up with every change at the desk: of two tickets of one conversation the greater is newer.
   */
  rev: number;
}
/**
 * A person who is there.
 */
export interface Presence {
  agent: Agent;
  /**
   * Takes conversations; false while having a break.
   */
  available: boolean;
}
/**
 * A conversation that does not wait for a person any more, nor has one.
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
 * What was said in a conversation.
 */
export interface Transcript {
  /**
   * Which.
   */
  conversation: string;
  ticket?: Ticket | null;
  /**
   * In order.
   */
  entries: TranscriptEntry[];
  /**
   * The agents' notes, in order.
   */
  notes: Note[];
  /**
   * False when earlier parts are not kept any more.
   */
  whole: boolean;
}
/**
 * One message of a transcript.
 */
export interface TranscriptEntry {
  /**
   * Its place in the conversation.
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
 * Part 2, `compact`: what a list on the screen needs.
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
 * A product in few words.
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
 * A brand in few words.
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
 * What the text of the first box means.
 */
export interface Understood {
  /**
   * The products it may mean, best first, in the form of a `prediction`.
   */
  data: Prediction[];
  detected?: DetectedProduct | null;
  /**
   * The text as it was meant, where it was typed with another keyboard layout.
   */
  corrected?: string | null;
}
/**
 * A product that a text names, and what else the text says.
 */
export interface DetectedProduct {
  product: LeanProduct;
  brand: LeanBrand;
  /**
   * 0 to 100.
   */
  confidence: number;
  /**
   * The text without the name of the product; empty where it says nothing else.
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
   * True when the answer rests on cited pages alone.
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
   * True when the language model was to answer and did not.
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
   * Scanned pages of the manual that were not recognized yet: asked again later, the answer may be another one.
   */
  pages_pending?: number;
  /**
   * True when the visitor stopped it, or asked something else meanwhile.
   */
  cancelled?: boolean;
  reason?: Reason | null;
  /**
   * What was asked, in a conversation that began with `hello`.
   */
  question?: string | null;
  /**
   * About which product.
   */
  product_id?: string | null;
}
/**
 * Why there is no answer.
 */
export interface Reason {
  /**
   * `unknown`, `none` (no manual in the catalog), or why the manual could not be had.
   */
  code: string;
  /**
   * What a customer reads.
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
   * What proves that the client may continue it.
   */
  token: string;
  /**
   * Who owns it now.
   */
  epoch: number;
  /**
   * The last offset given out.
   */
  offset: number;
  /**
   * True when the history after the client's last offset is complete.
   */
  recovered: boolean;
  /**
   * Why it is not, where it is not and the client asked.
   */
  reason?: string | null;
  limits: Limits;
}
/**
 * What a connection may do.
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
   * Messages a second, sustained.
   */
  messages_per_second: number;
}
/**
 * Who has the conversation, as the visitor is told.
 */
export interface HandoffChange {
  state: HandoffState;
  /**
   * Why, for people, where it needs saying.
   */
  reason?: string | null;
  /**
   * True when the visitor can leave a message with an address instead.
   */
  form?: boolean;
}
/**
 * A note, which no visitor ever sees.
 */
export interface Note {
  /**
   * The same whether it is heard or read again; empty from a pod of before there was one.
   */
  note_id?: string;
  /**
   * About which conversation.
   */
  conversation: string;
  agent: Agent;
  /**
   * The words.
   */
  content: string;
  /**
   * When, in milliseconds since 1970.
   */
  at_ms: number;
}
/**
 * What the manual would say.
 */
export interface Draft {
  /**
   * In which conversation.
   */
  conversation: string;
  /**
   * The words, markers inside.
   */
  content: string;
  /**
   * The pages they rest on.
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
 * What stands beside every message, both ways.
 */
export interface Envelope {
  /**
   * The client's own id for its message; every reply to it echoes it.
   */
  id?: string | null;
  /**
   * Place in the conversation, on durable messages of the server.
   */
  offset?: number | null;
}
/**
 * Sections of a product's manual, as `GET /api/products/{id}/sections` tells them.
 */
export interface ManualSections {
  /**
   * Sections that a customer is likely to ask about, in the order of the manual. Empty where there is
   * no manual, or where it names no sections.
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
   * The scenarios that make sense for it, `general` always first.
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
   * `pdf` or `html`, as the catalog says.
   */
  type: string;
}
/**
 * All pods, as far as this one knows.
 */
export interface Pods {
  /**
   * The name of the pod that says so.
   */
  this: string;
  /**
   * False when there may be others: Redis cannot be asked.
   */
  complete: boolean;
  /**
   * Why it is not complete, where it is not.
   */
  reason?: string | null;
  /**
   * Them, by name.
   */
  pods: PodReport[];
  totals: PodTotals;
}
/**
 * What a pod tells of itself. Other pods may be of another version: fields are added, never changed.
 */
export interface PodReport {
  /**
   * Its name; no two runs of a pod share one.
   */
  pod: string;
  /**
   * Where it serves.
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
   * It takes no new sessions and ends soon.
   */
  draining: boolean;
  /**
   * Sockets open now.
   */
  sessions: number;
  /**
   * Conversations they hold.
   */
  conversations: number;
  /**
   * Answers that are being made.
   */
  answering: number;
  /**
   * Questions that wait in line for one.
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
   * Answers that are being made.
   */
  answering: number;
  /**
   * Questions that wait in line.
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
