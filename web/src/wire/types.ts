// Made by `npm run wire` from actors/src/protocol. Do not edit: change the Rust types and run it again.

/**
 * How a customer uses the product; an answer may be told to weigh it.
 */
export type Scenario = "general" | "studio" | "live";
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
  | (Ask & {
      type: "query";
    })
  | (Ask & {
      type: "lock_and_query";
    })
  | (Hello & {
      type: "hello";
    })
  | {
      type: "cancel";
    };
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
  | "internal";
/**
 * One predicted product.
 */
export type Prediction =
  | {
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
  | {
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
    };
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
    };

export interface Wire {
  Accessory: Accessory;
  AnswerContext: AnswerContext;
  Ask: Ask;
  Citation: Citation;
  ClientSays: ClientSays;
  Envelope: Envelope;
  ErrorCode: ErrorCode;
  FinalAnswer: FinalAnswer;
  Hello: Hello;
  Highlight: Highlight;
  LeanBrand: LeanBrand;
  LeanProduct: LeanProduct;
  Limits: Limits;
  Prediction: Prediction;
  PredictionContext: PredictionContext;
  Reason: Reason;
  Resume: Resume;
  Scenario: Scenario;
  ServerMessage: ServerMessage;
  Welcome: Welcome;
}
/**
 * A related product as the wire shows it (`related_items`), resolved against the catalog.
 */
export interface Accessory {
  /**
   * Id of the related product.
   */
  id: string;
  /**
   * Its name.
   */
  name: string;
  /**
   * Its category, empty where the catalog gives none.
   */
  category: string;
  /**
   * Where it is made, empty where the catalog does not say.
   */
  production_country: string;
  /**
   * Kind of link, e.g. `accessory`.
   */
  type: string;
  /**
   * What the catalog calls the link.
   */
  label: string;
  /**
   * Address of its picture, empty where there is none.
   */
  image: string;
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
 * A page an answer rests on.
 */
export interface Citation {
  /**
   * The page.
   */
  page: number;
  /**
   * The manual's own words.
   */
  quote: string;
  /**
   * Where a browser opens it: `/manuals/<product_id>#page=12`.
   */
  url: string;
  /**
   * How well it fits the question, 0 to 1.
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
   * True when the visitor stopped it, or asked something else meanwhile.
   */
  cancelled?: boolean;
  reason?: Reason | null;
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
 * `context` of a prediction.
 */
export interface PredictionContext {
  /**
   * Related products.
   */
  related_items: Accessory[];
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
