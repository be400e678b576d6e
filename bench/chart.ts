import { MEASURES, type Measure, type Results, type Row } from "./results.ts";
import { spread } from "./statistics.ts";

const WIDTH = 900;
const LABEL = 175;
const BAR = 560;
const STEP = 24;
const HEAD = 44;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .paper { fill: #ffffff; } .title { font-weight: 600; }
    .byway { fill: #0969da; } .rival { fill: #8c959f; } .other { fill: #d0d7de; }
    .range { stroke: #1f2328; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; } text { fill: #e6edf3; }
      .byway { fill: #4493f8; } .rival { fill: #8b949e; } .other { fill: #3d444d; }
      .range { stroke: #e6edf3; }
    }`;

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function shade(row: Row): string {
  return row.name.startsWith("Byway") ? "byway" : row.rival ? "rival" : "other";
}

function panel(rows: readonly Row[], measure: Measure, title: string, top: number): string {
  const spreads = rows
    .map((row) => ({ row, ...spread(measure.of(row)) }))
    .sort((a, b) => (measure.more ? b.median - a.median : a.median - b.median));
  const most = Math.max(...spreads.map(({ high }) => high));
  const x = (figure: number): string => (LABEL + (figure / most) * BAR).toFixed(1);
  const bars = spreads.map(({ row, median, low, high }, index) => {
    const y = top + HEAD + index * STEP;
    const middle = y + 9;
    return [
      `  <text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${escapeText(row.name)}</text>`,
      `  <rect class="${shade(row)}" x="${LABEL}" y="${y}" width="${((median / most) * BAR).toFixed(1)}" height="18"/>`,
      `  <line class="range" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>`,
      `  <text x="${LABEL + BAR + 10}" y="${y + 14}">${median.toFixed(measure.digits)} ${measure.unit}</text>`,
    ].join("\n");
  });
  return [`  <text class="title" x="8" y="${top + 28}">${escapeText(title)}</text>`, ...bars].join("\n");
}

/** The medians as bars with a line from the lowest to the highest run, as an SVG that is readable on light and dark. */
export function toChart({ rows, date, quick }: Results): string {
  const panels = [1, 3].flatMap((hops) =>
    [MEASURES.download, MEASURES.streams, MEASURES.cpu].map((measure: Measure) => ({
      measure,
      shown: rows.filter((row) => row.hops === hops),
      title: `${hops === 1 ? "One hop" : "Three hops"}: ${measure.name}, ${measure.unit}${measure.more ? "" : " (less is better)"}`,
    })),
  );
  let top = 0;
  const drawn = panels
    .filter(({ shown }) => shown.length > 0)
    .map(({ measure, shown, title }) => {
      const text = panel(shown, measure, title, top);
      top += HEAD + shown.length * STEP;
      return text;
    });
  const foot = `  <text x="8" y="${top + 28}">Medians of ${date}${quick ? ", a quick run" : ""}; the lines go from the lowest to the highest run. Pale bars are no rivals.</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + HEAD}" role="img" aria-label="Byway and other proxies">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="paper" width="${WIDTH}" height="${top + HEAD}"/>`,
    ...drawn,
    foot,
    "</svg>\n",
  ].join("\n");
}
