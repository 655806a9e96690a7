import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onThemeChange } from '@/theme/theme';
import styles from './charts.module.css';

export interface PlotColours {
  line: string;
  fill: string;
  grid: string;
  text: string;
}

export interface PlotProps {
  data: uPlot.AlignedData;
  height: number;
  /** Made anew when colours or language change; give a stable function. */
  options: (colours: PlotColours) => Omit<uPlot.Options, 'width' | 'height'>;
}

/** A uPlot that fills its place, and follows the theme. */
export default function Plot({ data, height, options }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const draw = () => {
      plot.current?.destroy();
      const size = { width: element.clientWidth, height };
      plot.current = new uPlot({ ...options(coloursOf(element)), ...size }, latest.current, element);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    const unsubscribe = onThemeChange(draw);
    return () => {
      unsubscribe();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [options, height]);

  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  }, [data]);

  return <div ref={place} className={styles.plot} data-height={height} />;
}

function coloursOf(element: Element): PlotColours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--chart-${name}`).trim();
  return { line: colour('line'), fill: colour('fill'), grid: colour('grid'), text: colour('text') };
}
