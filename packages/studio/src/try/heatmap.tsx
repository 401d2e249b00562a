/** A matrix of shares as a picture: a row a query, a column a key; the darker, the more. A click chooses a row. */
import { useEffect, useRef } from 'preact/hooks';

interface HeatmapProps {
  /** (queries · keys), each 0 to 1. */
  readonly weights: Float32Array;
  readonly queries: number;
  readonly keys: number;
  /** The chosen row. */
  readonly row: number;
  readonly label: string;
  readonly onChoose: (row: number) => void;
}

/** Pixels of the picture's sides at most, and of a cell. */
const MOST = 320;
const CELL = { least: 2, most: 24 };
const FEW = 4;

export function Heatmap({ weights, queries, keys, row, label, onChoose }: HeatmapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const side = Math.max(CELL.least, Math.min(CELL.most, Math.floor(MOST / Math.max(keys, queries))));
  // A few rows are as high as they can be pressed.
  const cell = { width: side, height: queries <= FEW ? CELL.most : side };
  useEffect(() => {
    const draw = () => canvas.current && paint(canvas.current, { weights, queries, keys, row, cell });
    draw();
    // Its colours are the theme's.
    const themes = new MutationObserver(draw);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => themes.disconnect();
  }, [weights, queries, keys, row]);
  return (
    <canvas
      ref={canvas}
      class="heatmap"
      role="img"
      aria-label={label}
      onClick={(event) => {
        const { top, height } = event.currentTarget.getBoundingClientRect();
        onChoose(Math.min(queries - 1, Math.floor(((event.clientY - top) / height) * queries)));
      }}
    />
  );
}

interface Picture extends Pick<HeatmapProps, 'weights' | 'queries' | 'keys' | 'row'> {
  readonly cell: { readonly width: number; readonly height: number };
}

function paint(canvas: HTMLCanvasElement, { weights, queries, keys, row, cell }: Picture): void {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [keys * cell.width, queries * cell.height];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.aspectRatio = `${width} / ${height}`;
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  context.scale(ratio, ratio);
  context.fillStyle = style.getPropertyValue('--accent');
  const most = weights.reduce((a, b) => Math.max(a, b), 1e-9);
  for (let q = 0; q < queries; q++) {
    for (let k = 0; k < keys; k++) {
      context.globalAlpha = (weights[q * keys + k] as number) / most;
      context.fillRect(k * cell.width, q * cell.height, cell.width, cell.height);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = style.getPropertyValue('--gap');
  context.lineWidth = 2;
  context.strokeRect(1, row * cell.height + 1, width - 2, Math.max(cell.height - 2, 1));
}
