import { expect, test } from "vitest";
import { blobOf } from "./picture.ts";

test("the bytes of a data URL, and what they are", async () => {
  const blob = blobOf("data:image/png;base64,iVBORw0=");
  expect(blob.type).toBe("image/png");
  expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d]);
});
