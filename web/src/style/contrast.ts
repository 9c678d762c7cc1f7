// The more readable of black and white on a colour.

/** `#000` or `#fff`, whichever has the greater contrast (WCAG 2) on this CSS colour. */
export function inkOn(colour: string): string {
  const rgb = pixel(colour);
  return rgb === undefined || luminance(rgb) > CROSSING ? "#000" : "#fff";
}

/** The luminance at which the contrast with black equals that with white: the root of 1.05 × 0.05, less 0.05. */
const CROSSING = Math.sqrt(1.05 * 0.05) - 0.05;

/** Relative luminance, 0 to 1, of red, green and blue of 0 to 255. */
export function luminance(rgb: readonly [number, number, number]): number {
  const [red, green, blue] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** A colour in any notation, as the browser paints it. */
function pixel(colour: string): [number, number, number] | undefined {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext("2d");
  if (brush === null) return undefined;
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue] = brush.getImageData(0, 0, 1, 1).data;
  return red === undefined || green === undefined || blue === undefined ? undefined : [red, green, blue];
}
