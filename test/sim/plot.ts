/** One line of a panel: y for each x of the panel. */
export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

/** A chart of lines over sizes that grow tenfold, or over any steps. */
export interface Panel {
  readonly title: string;
  readonly steps: readonly string[];
  readonly unit: string;
  readonly digits: number;
  readonly lines: readonly Line[];
}

const WIDTH = 900;
const HEIGHT = 260;
const LEFT = 60;
const RIGHT = 330;
const TOP = 44;
const BOTTOM = 40;
const COLOURS = ["a", "b", "c", "d", "e", "f"];

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .paper { fill: #ffffff; } .title { font-weight: 600; } .small { font-size: 11px; }
    .axis { stroke: #8c959f; stroke-width: 1; } .grid { stroke: #d0d7de; stroke-width: 0.5; }
    .line { fill: none; stroke-width: 2; }
    .a { stroke: #0969da; } .b { stroke: #cf222e; } .c { stroke: #1a7f37; } .d { stroke: #9a6700; } .e { stroke: #8250df; } .f { stroke: #57606a; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #3d444d; }
      .a { stroke: #4493f8; } .b { stroke: #ff7b72; } .c { stroke: #3fb950; } .d { stroke: #d29922; } .e { stroke: #bc8cff; } .f { stroke: #9198a1; }
    }`;

/** The panels one below another, as an SVG that is readable on light and dark. */
export function toPlot(panels: readonly Panel[], label: string): string {
  const height = panels.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(label)}">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...panels.map((panel, at) => drawn(panel, at * HEIGHT)),
    "</svg>\n",
  ].join("\n");
}

function drawn({ title, steps, unit, digits, lines }: Panel, top: number): string {
  const most = Math.max(...lines.flatMap(({ values }) => values));
  const x = (at: number): number => LEFT + (at / Math.max(1, steps.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => top + HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const point = (value: number, at: number): string => `${x(at).toFixed(1)},${y(value).toFixed(1)}`;
  const right = x(steps.length - 1);
  const grid = [0, 0.5, 1].map((part) => {
    const level = y(part * most).toFixed(1);
    const mark = (part * most).toFixed(digits);
    return [
      `  <line class="${part === 0 ? "axis" : "grid"}" x1="${LEFT}" x2="${right}" y1="${level}" y2="${level}"/>`,
      `  <text class="small" x="${LEFT - 6}" y="${level}" dy="4" text-anchor="end">${mark}</text>`,
    ].join("\n");
  });
  const axis = steps.map(
    (step, at) =>
      `  <text class="small" x="${x(at).toFixed(1)}" y="${top + HEIGHT - BOTTOM + 18}" text-anchor="middle">${escapeText(step)}</text>`,
  );
  const labels = spacedOut(lines.map(({ values }) => y(values.at(-1) ?? 0)));
  const drawnLines = lines.map(({ name, values }, at) => {
    const last = `${values.at(-1)?.toFixed(digits)} ${unit}`;
    const colour = COLOURS[at % COLOURS.length];
    const height = labels[at]?.toFixed(1);
    return [
      `  <line class="line ${colour}" x1="${right + 8}" x2="${right + 22}" y1="${height}" y2="${height}"/>`,
      `  <polyline class="line ${colour}" points="${values.map(point).join(" ")}"/>`,
      `  <text class="small" x="${right + 28}" y="${height}" dy="4">${escapeText(`${name}: ${last}`)}</text>`,
    ].join("\n");
  });
  const heading = `  <text class="title" x="8" y="${top + 26}">${escapeText(title)}</text>`;
  return [heading, ...grid, ...axis, ...drawnLines].join("\n");
}

/** Moves heights apart, so that names at the ends of lines do not cover each other. */
function spacedOut(heights: readonly number[]): readonly number[] {
  const order = heights.map((height, at) => ({ height, at })).sort((a, b) => a.height - b.height);
  const placed: number[] = [];
  let above = Number.NEGATIVE_INFINITY;
  for (const { height, at } of order) {
    above = Math.max(height, above + 14);
    placed[at] = above;
  }
  return placed;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
