// Finds products by name, for the fields in which one is picked.

import type { NamedProduct } from "../agent/product-field.ts";
import type { Prediction } from "../wire/types.ts";
import type { Caller } from "./caller.ts";

/** Most products that a field offers. */
const OFFERED = 8;

/** Products that are called like this, the best first; none where the server does not answer. */
export function productsOf(call: Caller): (typed: string) => Promise<readonly NamedProduct[]> {
  return async (typed) => {
    const got = await call.get<{ results: readonly Prediction[] }>("/api/search", { q: typed, limit: OFFERED });
    // The search answers with lean predictions.
    return got.what === "seen" ? got.body.results.flatMap((one) => ("matched" in one ? [{ id: one.product.id, name: one.product.name }] : [])) : [];
  };
}
