// From a plot to what is needed to draw its frames: subject, view, colours, captions. Refuses what does not fit.
import { failure } from '@stillpoint/core';
import type { FieldSamples } from '../contract.ts';
import type { FrameTime, Lens } from '../read/index.ts';
import type { ColourMapName, MapLook, PlotOptions, PlottedFacts } from './contract.ts';
import type { Beyond, Colours } from './draw/colour-bar.ts';
import type { Caption } from './draw/figure.ts';
import { tableOf } from './look/colours.ts';
import { rangeOf } from './look/value-range.ts';
import { worldTimeText } from './look/world-time.ts';
import { subjectOf, titleOf, type Subject } from './subject.ts';
import type { Survey, SurveyOptions } from './survey.ts';
import { cellsView } from './view/cells-view.ts';
import type { View } from './view/contract.ts';
import { axisNumber, pointsView } from './view/points-view.ts';

const USUAL_AXES = ['x', 'y'] as const;

/** What is known before any frame is. Throws LENS_FIELD_UNKNOWN, LENS_PLOT_COMPONENT, LENS_PLOT_UNFIT. */
export function questionOf(lens: Lens, look: MapLook): Omit<SurveyOptions, keyof PlotOptions> {
  const field = lens.field(look.field);
  const { kind } = field.topology;
  const unfit = (reason: string): Error =>
    failure('LENS_PLOT_UNFIT', { field: field.name, reason });
  if (look.projection === 'sphere' && kind !== 'sphere')
    throw unfit('its samples are on no sphere');
  if (look.centre !== undefined && look.projection !== 'sphere')
    throw unfit('only a globe has a centre that it is seen from above of');
  if (look.axes !== undefined && kind !== 'points')
    throw unfit('only points are seen along other axes');
  const axes = look.axes ?? USUAL_AXES;
  if (axes[0] === axes[1]) throw unfit('two different axes make a plane');
  if (look.centre?.every(Number.isFinite) === false || Math.abs(look.centre?.[1] ?? 0) > 90)
    throw unfit('the centre is a longitude, and a latitude from -90 to 90');
  const { range } = look;
  if (
    range !== undefined &&
    !(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1])
  )
    throw unfit(`the range ${range[0]}:${range[1]} does not go up`);
  const numbers = [axisNumber(axes[0]), axisNumber(axes[1])] as const;
  const isPlane = kind === 'points' ? numbers : ([0, 1] as const);
  return {
    subject: subjectOf(field, look.component, isPlane),
    axes: numbers,
    ...(range && { range }),
  };
}

export interface Scene {
  readonly subject: Subject;
  readonly view: View;
  readonly colours: Colours;
  readonly beyond: Beyond;
  readonly caption: (frame: FrameTime, note?: string) => Caption;
  readonly facts: Omit<PlottedFacts, 'width' | 'height'>;
}

export function sceneOf(lens: Lens, look: MapLook, subject: Subject, survey: Survey): Scene {
  const { seen, bounds, first, last, ticks } = survey;
  const name: ColourMapName = look.colours ?? 'viridis';
  const range = rangeOf(seen, name, look.range);
  const view =
    subject.field.topology.kind === 'points'
      ? pointsView(subject, look.axes ?? USUAL_AXES, bounds)
      : cellsView(subject, look);
  const { missing, positiveInfinite, negativeInfinite, below, above } = seen;
  return {
    subject,
    view,
    colours: { table: tableOf(name), range },
    beyond: {
      below: below > 0,
      above: above > 0,
      // Between the two infinities there is no value either.
      missing: missing > 0 || (positiveInfinite > 0 && negativeInfinite > 0),
      notes: [
        ...(positiveInfinite > 0 ? ['∞ has the last colour'] : []),
        ...(negativeInfinite > 0 ? ['−∞ has the first colour'] : []),
        ...(seen.least > seen.largest && missing + positiveInfinite + negativeInfinite === 0
          ? ['there are no samples']
          : []),
      ],
    },
    caption: ({ tick, timeSeconds }, note = '') => ({
      title: titleOf(subject),
      subtitle: `run ${lens.runId} · tick ${tick} · ${worldTimeText(timeSeconds)}${note}`,
    }),
    facts: {
      runId: lens.runId,
      field: subject.field.name,
      label: subject.label,
      unit: subject.field.unit,
      frames: { count: ticks.length, first, last },
      range,
      missing,
      clamped: { below: below + negativeInfinite, above: above + positiveInfinite },
    },
  };
}

/** A frame that cannot be read any more: nothing of it has a value. */
export function blankSamples({ field, width }: Subject): FieldSamples {
  const { kind, rows = 1, columns = 1 } = field.topology;
  const count = kind === 'points' ? 0 : rows * columns;
  return { count, values: new Float64Array(count * width).fill(Number.NaN), positions: null };
}
