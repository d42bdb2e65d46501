// The canvas that pictures are drawn on, and the one font of their text: brought along, so that every machine draws the same.
import { failure } from '@stillpoint/core';
import type { Canvas, SKRSContext2D } from '@napi-rs/canvas';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { optionalPeer } from '../../../optional-peer.ts';
import type { PictureSize } from '../contract.ts';

export type Pen = SKRSContext2D;

export interface Sheet {
  readonly pen: Pen;
  /** Red, green, blue and alpha of each pixel, as it is now: good until something else is drawn. */
  readonly pixels: () => Uint8ClampedArray;
}

const FAMILY = 'Stillpoint DejaVu Sans';
const FONT_FILE = 'DejaVuSans.ttf';

/** Throws SIM_PEER_MISSING, LENS_PLOT_FONT_MISSING. */
export async function openSheet({ width, height }: PictureSize): Promise<Sheet> {
  const { createCanvas, GlobalFonts } = await optionalPeer(
    '@napi-rs/canvas',
    'Drawing a picture',
    () => import('@napi-rs/canvas'),
  );
  if (!GlobalFonts.has(FAMILY)) {
    const file = fontFile();
    if (GlobalFonts.registerFromPath(file, FAMILY) === null)
      throw failure('LENS_PLOT_FONT_MISSING', { path: file });
  }
  const canvas: Canvas = createCanvas(width, height);
  const pen = canvas.getContext('2d');
  const pixels = (): Uint8ClampedArray => {
    // No copy. Everything is drawn upon paper, so that no colour was changed for what shines through.
    const { buffer, byteOffset, byteLength } = canvas.data();
    return new Uint8ClampedArray(buffer, byteOffset, byteLength);
  };
  return { pen, pixels };
}

/** Beside the program when it is built, and in its package otherwise. */
function fontFile(): string {
  const beside = fileURLToPath(new URL(FONT_FILE, import.meta.url));
  if (existsSync(beside)) return beside;
  try {
    return fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${FONT_FILE}`));
  } catch (error) {
    throw failure('LENS_PLOT_FONT_MISSING', { path: beside }, error);
  }
}

export function setFont(pen: Pen, sizePixels: number): void {
  pen.font = `${sizePixels}px "${FAMILY}"`;
}

export interface TextLook {
  readonly sizePixels: number;
  readonly colour: string;
  readonly align?: 'left' | 'center' | 'right';
  readonly baseline?: 'top' | 'middle' | 'alphabetic';
  /** Drawn around it, where it lies on colours. */
  readonly halo?: string;
}

export function writeText(pen: Pen, text: string, x: number, y: number, look: TextLook): void {
  setFont(pen, look.sizePixels);
  pen.textAlign = look.align ?? 'left';
  pen.textBaseline = look.baseline ?? 'alphabetic';
  if (look.halo !== undefined) {
    pen.strokeStyle = look.halo;
    pen.lineWidth = 3;
    pen.lineJoin = 'round';
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = look.colour;
  pen.fillText(text, x, y);
}

export function widthOfText(pen: Pen, text: string, sizePixels: number): number {
  setFont(pen, sizePixels);
  return pen.measureText(text).width;
}

const signs = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** With an ellipsis where it is wider than there is room. */
export function fitted(pen: Pen, text: string, sizePixels: number, roomPixels: number): string {
  if (widthOfText(pen, text, sizePixels) <= roomPixels) return text;
  const letters = Array.from(signs.segment(text), ({ segment }) => segment);
  while (letters.length > 1) {
    letters.pop();
    const short = `${letters.join('')}…`;
    if (widthOfText(pen, short, sizePixels) <= roomPixels) return short;
  }
  return '…';
}

export interface Area extends PictureSize {
  readonly left: number;
  readonly top: number;
}

export interface LineLook {
  readonly colour: string;
  readonly widthPixels: number;
  /** Pixels drawn and left out, in turn; solid unless told. */
  readonly dashes?: readonly number[];
}

export function drawLine(
  pen: Pen,
  points: readonly (readonly [number, number])[],
  { colour, widthPixels, dashes = [] }: LineLook,
): void {
  pen.strokeStyle = colour;
  pen.lineWidth = widthPixels;
  pen.lineJoin = 'round';
  pen.lineCap = 'butt';
  pen.setLineDash([...dashes]);
  pen.beginPath();
  for (const [at, [x, y]] of points.entries())
    if (at === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  pen.stroke();
  pen.setLineDash([]);
}
