'use client';
import { Chart, Filler, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js';
import { useEffect, useRef } from 'react';
import { useDark } from '@/lib/window';

Chart.register(LineController, LineElement, PointElement, LinearScale, Filler, Tooltip);

/** Values over time; x in milliseconds, null where nothing was measured. */
export type Series = { name: string; points: { x: number; y: number | null }[] };
const COLOURS = ['#0972d3', '#8456ce', '#067f68', '#c33d69', '#b2700a', '#5f6b7a'];

/** From how many milliseconds on nothing was measured, rather than late: three steps, at least five seconds. */
function gapOf({ points }: Series): number {
  const span = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  return Math.max(5000, (3 * span) / Math.max(1, points.length - 1));
}

type Props = {
  title: string;
  series: Series[];
  unit?: string;
  most?: number;
  spanMs?: number;
  /** Of what is counted: there is no half of it. */
  isWhole?: boolean;
};

/** Lines that move: the newest point stands at the right, `spanMs` before it at the left. */
export function RealtimeChart({ title, series, unit = '%', most, spanMs, isWhole = false }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = useDark();
  const chart = useRef<Chart<'line', { x: number; y: number | null }[]> | null>(null);
  useEffect(() => {
    const colour = getComputedStyle(canvas.current!).getPropertyValue('--soft').trim();
    chart.current = new Chart(canvas.current!, {
      type: 'line',
      data: { datasets: [] },
      options: {
        animation: false,
        normalized: true,
        maintainAspectRatio: false,
        interaction: { mode: 'index', intersect: false },
        scales: {
          x: {
            type: 'linear',
            grid: { display: false },
            ticks: {
              color: colour,
              maxTicksLimit: 6,
              maxRotation: 0,
              callback: (value) => new Date(Number(value)).toISOString().slice(11, 19),
            },
          },
          y: {
            min: 0,
            grid: { color: `${colour}33` },
            ticks: {
              color: colour,
              maxTicksLimit: 5,
              precision: isWhole ? 0 : undefined,
              callback: (value) => `${value}${unit}`,
            },
          },
        },
        plugins: {
          tooltip: {
            callbacks: {
              title: ([first]) => (first ? `${new Date(Number(first.parsed.x)).toISOString().slice(11, 19)} UTC` : ''),
              label: (item) => `${item.dataset.label}: ${(item.parsed.y ?? 0).toFixed(1)}${unit}`,
            },
          },
        },
      },
    });
    return () => chart.current?.destroy();
  }, [unit, isWhole, isDark]);

  useEffect(() => {
    const drawn = chart.current;
    if (drawn === null) return;
    drawn.data.datasets = series.map((each, index) => ({
      label: each.name,
      data: each.points.filter(({ y }) => y !== null),
      borderColor: COLOURS[index % COLOURS.length],
      borderWidth: 1.5,
      pointRadius: 0,
      backgroundColor: `${COLOURS[index % COLOURS.length]}22`,
      fill: index === 0,
      parsing: false,
      spanGaps: gapOf(each),
    }));
    const newest = Math.max(...series.map((each) => each.points.at(-1)?.x ?? 0));
    const scales = drawn.options.scales!;
    if (newest > 0)
      Object.assign(scales.x!, { max: newest, min: spanMs === undefined ? series[0]?.points[0]?.x : newest - spanMs });
    scales.y!.max = most;
    drawn.update('none');
  }, [series, most, spanMs, isWhole, unit, isDark]);

  const shown = (each: Series) => each.points.at(-1)?.y?.toFixed(isWhole ? 0 : 1);
  const latest = series.map((each) => `${each.name} ${shown(each) ?? 'unknown'}${unit}`).join(', ');
  return (
    <div>
      <div className="chart">
        <canvas ref={canvas} role="img" aria-label={`${title}. Newest: ${latest}`} />
      </div>
      <ul className="legend" aria-hidden>
        {series.map((each, index) => (
          <li key={each.name}>
            <i style={{ background: COLOURS[index % COLOURS.length] }} />
            {each.name}{' '}
            <b>
              {shown(each) ?? '–'}
              {unit}
            </b>
          </li>
        ))}
      </ul>
    </div>
  );
}
