// Finds products by name, for product fields.

import type { NamedProduct } from "../agent/product-field.ts";
import type { Prediction } from "../wire/types.ts";
import type { ApiClient } from "./api-client.ts";

/** Most products that a field offers. */
const OFFERED = 8;

/** Products whose name matches, best first; none without a response. */
export function productsOf(call: ApiClient): (typed: string) => Promise<readonly NamedProduct[]> {
  return async (typed) => {
    const got = await call.get<{ results: readonly Prediction[] }>("/api/search", { q: typed, limit: OFFERED });
    // The search returns lean predictions.
    return got.what === "seen" ? got.body.results.flatMap((one) => ("matched" in one ? [{ id: one.product.id, name: one.product.name }] : [])) : [];
  };
}
