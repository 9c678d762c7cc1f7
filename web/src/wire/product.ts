// The catalog's data of one product, over HTTP: a compact prediction does not contain it.

import type { Accessory, ManualSections, OneProduct, Scenario } from "./types.ts";

/** A product for the header. Unknown fields are empty. */
export interface Product {
  id: string;
  name: string;
  brand: string;
  category: string;
  country: string;
  picture: string;
  related: Accessory[];
  /** Address of its manual; undefined while it is unknown, empty if there is none. */
  manual: string | undefined;
  /** The scenarios that apply to it; only `general` while they are unknown. */
  scenarios: readonly Scenario[];
}

/** The address of a page of a manual. */
export function manualPage(server: URL, productId: string, page: number): string {
  return new URL(`/manuals/${encodeURIComponent(productId)}#page=${page}`, server).href;
}

/** An address from the server: only http(s), so that a click runs no script. */
export function safeAddress(server: URL, address: string): string {
  try {
    const url = new URL(address, server);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch {
    return "";
  }
}

/** Requests the product. Undefined without a response, or if the product is unknown. */
export async function fetchProduct(server: URL, id: string): Promise<Product | undefined> {
  try {
    const response = await fetch(new URL(`/api/products/${encodeURIComponent(id)}`, server));
    if (!response.ok) return undefined;
    return readProduct(server, id, (await response.json()) as OneProduct);
  } catch {
    return undefined; // The socket's own notice reports the lost server.
  }
}

/** The titles of manual sections that a customer is likely to ask about; none without a manual. */
export async function fetchSections(server: URL, id: string): Promise<readonly string[]> {
  try {
    const response = await fetch(new URL(`/api/products/${encodeURIComponent(id)}/sections`, server));
    if (!response.ok) return [];
    return ((await response.json()) as ManualSections).sections.map(({ title }) => title);
  } catch {
    return [];
  }
}

export function readProduct(server: URL, id: string, one: OneProduct): Product {
  const { product, brand } = one;
  const images = typeof product.images === "object" && product.images !== null ? product.images : {};
  const picture = text(Object.entries(images).find(([key, value]) => key !== "logo" && text(value) !== "")?.[1]);
  return {
    id,
    name: text(product.name) || id,
    brand: text(brand.name) || text(product.brand),
    category: text(product.category),
    country: text(product.production_country),
    picture: picture === "" ? "" : safeAddress(server, picture),
    related: one.context.related_items,
    manual: one.manual ? safeAddress(server, one.manual.url) : "",
    scenarios: one.scenarios,
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
