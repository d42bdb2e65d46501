// A figure of one frame: the plotted area, and around it title, axes, colour bar and legend. Where each stands is found once, and is the
// same for every frame of an animation.
import { failure } from '@stillpoint/core';
import type { PictureSize } from '../contract.ts';
import { latitudeTicks, longitudeTicks } from '../look/degree-ticks.ts';
import { numberTicks } from '../look/number-ticks.ts';
import type { View } from '../view/contract.ts';
import { PAPER } from '../look/colours.ts';
import { drawAxes, drawTitle, LABEL_TEXT, type Axis } from './axes.ts';
import { fitted, type Area, type Pen } from './canvas.ts';
import { drawColourBar, drawLegend, type Beyond, type Colours } from './colour-bar.ts';

/** What a side of a picture may have, and how many pixels all of it: each keeps what it is made of. */
const LEAST_PIXELS = 200;
const MOST_PIXELS = 4096;
const MOST_AREA = 5_000_000;

const TOP = 64;
const BAR_PIXELS = 16;
const BAR_GAP = 22;
const RIGHT = 132;
const LEGEND = 24;

export interface Figure extends PictureSize {
  readonly area: Area;
  readonly bar: Area;
}

export interface Caption {
  /** Of the field, with its unit. */
  readonly title: string;
  readonly subtitle: string;
}

interface Margins {
  readonly left: number;
  readonly bottom: number;
}

/** Throws LENS_PLOT_UNFIT. */
export function layOut(view: View, told: PictureSize | undefined, field: string): Figure {
  const margins = marginsOf(view);
  const [besides, around] = [margins.left + RIGHT, TOP + margins.bottom];
  const usual = usualArea(view.aspect);
  const { width, height } = checkedSize(
    told ?? { width: usual.width + besides, height: usual.height + around },
    field,
  );
  const [roomAcross, roomDown] = [width - besides, height - around];
  if (roomAcross < 32 || roomDown < 32)
    throw failure('LENS_PLOT_UNFIT', {
      field,
      reason: `${width}x${height} pixels leave no room beside title, axes and colours`,
    });
  const areaWidth = Math.max(8, Math.round(Math.min(roomAcross, roomDown * view.aspect)));
  const areaHeight = Math.max(8, Math.round(Math.min(roomDown, roomAcross / view.aspect)));
  const area = {
    left: margins.left + Math.floor((roomAcross - areaWidth) / 2),
    top: TOP + Math.floor((roomDown - areaHeight) / 2),
    width: areaWidth,
    height: areaHeight,
  };
  const bar = {
    left: area.left + area.width + BAR_GAP,
    top: area.top,
    width: BAR_PIXELS,
    height: area.height,
  };
  return { width, height, area, bar };
}

export function checkedSize({ width, height }: PictureSize, field: string): PictureSize {
  const fits = [width, height].every(
    (side) => Number.isInteger(side) && side >= LEAST_PIXELS && side <= MOST_PIXELS,
  );
  if (fits && width * height <= MOST_AREA) return { width, height };
  throw failure('LENS_PLOT_UNFIT', {
    field,
    reason: `a picture has ${LEAST_PIXELS} to ${MOST_PIXELS} pixels on a side and at most ${MOST_AREA / 1e6} million of them, not ${width}x${height}`,
  });
}

function marginsOf({ axes }: View): Margins {
  if (axes === null) return { left: 28, bottom: 22 + LEGEND };
  if (axes === 'degrees') return { left: 60, bottom: 34 + LEGEND };
  return { left: 102, bottom: 54 + LEGEND };
}

function usualArea(aspect: number): PictureSize {
  const width = aspect >= 1.25 ? 800 : Math.min(800, Math.round(600 * aspect));
  return { width: Math.max(width, 150), height: Math.max(Math.round(width / aspect), 150) };
}

/** All but what the painter paints: that goes first where axes lie over it, so it is called in between. */
export function drawFigure(
  pen: Pen,
  figure: Figure,
  view: View,
  look: {
    readonly caption: Caption;
    readonly colours: Colours;
    readonly beyond: Beyond;
    readonly paint: () => void;
  },
): void {
  const { area, bar, width, height } = figure;
  const { caption, colours, beyond } = look;
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, width, height);
  const left = view.axes === null ? Math.min(area.left, 28) : area.left;
  const room = width - left - 8;
  drawTitle(
    pen,
    left,
    fitted(pen, caption.title, 17, room),
    fitted(pen, caption.subtitle, LABEL_TEXT, room),
  );
  look.paint();
  const axes = axesOf(view, area);
  if (axes !== undefined) drawAxes(pen, area, axes.x, axes.y);
  drawColourBar(pen, bar, colours, fitted(pen, caption.title, LABEL_TEXT, bar.height), beyond);
  drawLegend(pen, left, height - LEGEND + 6, beyond);
}

function axesOf({ axes, extent }: View, area: Area): { x: Axis; y: Axis } | undefined {
  if (axes === null || extent === null) return undefined;
  if (axes === 'degrees')
    return {
      x: { ticks: longitudeTicks(area.width < 360 ? 90 : 60), range: extent.x, label: '' },
      y: { ticks: latitudeTicks(area.height < 160 ? 45 : 30), range: extent.y, label: '' },
    };
  const [x, y] = axes;
  return {
    x: { ticks: numberTicks(extent.x, Math.ceil(area.width / 90)), range: extent.x, label: x },
    y: { ticks: numberTicks(extent.y, Math.ceil(area.height / 60)), range: extent.y, label: y },
  };
}
