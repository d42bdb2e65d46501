// The view of fields whose samples stay where they are: every pixel has a value of its own.
import type { FieldSamples } from '../../contract.ts';
import type { ImageData } from '@napi-rs/canvas';
import type { MapLook, PictureSize } from '../contract.ts';
import { arrowsOf } from '../draw/arrows.ts';
import type { Area, Pen } from '../draw/canvas.ts';
import type { Colours } from '../draw/colour-bar.ts';
import { drawGraticule, drawMapLines } from '../draw/graticule.ts';
import { MISSING } from '../look/colours.ts';
import { stepOf } from '../look/value-range.ts';
import { samplePixels, type PixelSampler } from '../place/pixel-sampler.ts';
import {
  globeProjection,
  gridProjection,
  mapProjection,
  type Globe,
  type Projection,
} from '../place/projection.ts';
import { scalarsOf, type Subject } from '../subject.ts';
import type { View } from './contract.ts';

export const USUAL_CENTRE = [0, 20] as const;

export function cellsView(subject: Subject, look: MapLook): View {
  if (subject.field.topology.kind === 'grid')
    return viewOf(subject, gridProjection(subject.field), ['x', 'y'], () => {});
  if (look.projection !== 'sphere')
    return viewOf(subject, mapProjection(), 'degrees', drawMapLines);
  const globe: Globe = globeProjection(look.centre ?? USUAL_CENTRE);
  return viewOf(subject, globe, null, (pen, area) => drawGraticule(pen, area, globe));
}

function viewOf(
  subject: Subject,
  projection: Projection,
  axes: View['axes'],
  drawOver: (pen: Pen, area: Area) => void,
): View {
  const { field } = subject;
  return {
    aspect: projection.aspect,
    extent: projection.extent,
    axes,
    painterFor(area, signal) {
      const sampler = samplePixels(field, projection, area, signal);
      const arrows = arrowsOf(subject, projection, area, signal);
      // One for all frames.
      let image: ImageData | undefined;
      return {
        paint(pen, samples, colours) {
          image ??= pen.createImageData(area.width, area.height);
          fillPixels(image.data, sampler, pixelsOf(subject, sampler, samples), colours);
          pen.putImageData(image, area.left, area.top);
          drawOver(pen, area);
          arrows?.draw(pen, area, samples.values);
        },
      };
    },
    rasterFor(size: PictureSize, signal) {
      const sampler = samplePixels(field, projection, size, signal);
      return (samples) => ({
        values: Float64Array.from(pixelsOf(subject, sampler, samples)),
        inside: sampler.inside,
      });
    },
  };
}

/** One number for each pixel. */
function pixelsOf(
  subject: Subject,
  sampler: PixelSampler,
  { values }: FieldSamples,
): Float64Array | Float32Array {
  const { component, width } = subject;
  // Of a vector's length all components are needed at the place itself; else one is enough.
  if (component === undefined) return scalarsOf(subject, sampler.at(values, width));
  return sampler.at(scalarsOf(subject, values), 1);
}

function fillPixels(
  data: ImageData['data'],
  { inside }: PixelSampler,
  values: Float64Array | Float32Array,
  { table, range }: Colours,
): void {
  for (let pixel = 0; pixel < inside.length; pixel += 1) {
    const to = pixel * 4;
    data[to + 3] = 255;
    if (inside[pixel] === 0) data.fill(255, to, to + 3);
    else {
      const value = values[pixel] as number;
      const isMissing = Number.isNaN(value);
      const from = isMissing ? 0 : stepOf(value, range) * 3;
      const colour = isMissing ? MISSING : table;
      data[to] = colour[from] as number;
      data[to + 1] = colour[from + 1] as number;
      data[to + 2] = colour[from + 2] as number;
    }
  }
}
