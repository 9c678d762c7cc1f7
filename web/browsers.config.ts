// The oldest browsers the pages are built for: the first with the CSS function `light-dark()`, by which
// one list of colours serves both themes.
export const browsers = ["chrome123", "firefox120", "safari17.5"];
