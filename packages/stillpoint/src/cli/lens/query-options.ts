// The options of lens query: from text to a question.
import { failure } from '@stillpoint/core';
import type { FrameRange, LensField, Region, Statistic, What, When } from '@stillpoint/sim';
import { InvalidArgumentError } from 'commander';
import { loadSim } from '../load-sim.ts';
import type { LensRunOptions } from './places.ts';

export interface QueryOptions extends LensRunOptions {
  readonly tick?: number;
  readonly ticks?: FrameRange;
  readonly time?: Times;
  readonly position?: readonly Numbers[];
  readonly region?: Region;
  readonly stat?: readonly string[];
  readonly along?: Along;
  readonly method?: 'nearest' | 'linear' | 'idw';
  readonly exact?: true;
  readonly csv?: true;
}

type Numbers = readonly number[];

export interface Along {
  readonly corners: readonly Numbers[];
  readonly count: number;
}

type Times = { readonly at: number } | { readonly from: number; readonly to: number };

export function tickOption(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a tick, a whole number.');
  return Number(text);
}

export function ticksOption(text: string): FrameRange {
  const found = /^(\d{0,15}):(\d{0,15})(?::([1-9]\d{0,14}))?$/.exec(text);
  const [, from = '', to = '', every] = found ?? [];
  const range = {
    ...(from !== '' && { from: Number(from) }),
    ...(to !== '' && { to: Number(to) }),
    ...(every !== undefined && { every: Number(every) }),
  };
  if (found === null || (to !== '' && Number(from) > Number(to)))
    throw new InvalidArgumentError(
      'Write the first tick and the last, like 1000:9000, or 1000:9000:10 for each tenth frame of them.',
    );
  return range;
}

export function timeOption(text: string): Times {
  const [from, to, ...more] = text.split(':').map(numberOf);
  const whole = from !== undefined && more.length === 0;
  if (!whole || (to !== undefined && to < from))
    throw new InvalidArgumentError('Write seconds of the world, like 3600, or two like 0:7200.');
  return to === undefined ? { at: from } : { from, to };
}

/** Repeated: one more. */
export function positionOption(text: string, before: readonly Numbers[] = []): readonly Numbers[] {
  return [...before, cornerOf(text)];
}

export function alongOption(text: string): Along {
  const parts = text.split(':');
  const corners = parts.slice(0, -1).map(cornerOf);
  const count = Number(parts.at(-1));
  if (corners.length < 2 || !Number.isSafeInteger(count) || count < 2)
    throw new InvalidArgumentError(
      'Write its corners and how many positions, like 1,0,0:0,1,0:50.',
    );
  return { corners, count };
}

export function regionOption(text: string): Region {
  const [x, y, z, ...more] = text.split(',').map((one) => one.split(':').map(numberOf));
  if (more.length > 0 || !isRange(x) || !isRange(y) || !(z === undefined || isRange(z)))
    throw new InvalidArgumentError('Write from and to of each axis, like 0:10,20:30.');
  return { x, y, ...(z && { z }) };
}

function isRange(numbers: Numbers | undefined): numbers is readonly [number, number] {
  return numbers?.length === 2;
}

export function statOption(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

export function whenOf({ tick, ticks, time, exact }: QueryOptions): When {
  const given = [tick, ticks, time].filter((one) => one !== undefined).length;
  if (given !== 1) throw usage('Say by one of them which frames: --tick, --ticks or --time.');
  if (exact === true && tick === undefined) throw usage('--exact goes with --tick.');
  if (tick !== undefined) return { tick, exact: exact === true };
  if (ticks !== undefined) return { ticks };
  return 'at' in time! ? { timeSeconds: time.at } : { timesSeconds: time! };
}

export async function whatOf(field: LensField, options: QueryOptions): Promise<What> {
  const { position, along, region, stat, method } = options;
  const places = [position, along, region ?? stat].filter((one) => one !== undefined).length;
  if (places > 1)
    throw usage('Ask for positions, for a path, or for a region and statistics: one of them.');
  const positions = await positionsOf(field, options);
  if (positions !== undefined) return { kind: 'positions', positions, ...(method && { method }) };
  if (method !== undefined) throw usage('--method goes with --position or --along.');
  const within = region === undefined ? {} : { region };
  if (stat === undefined) return { kind: 'samples', ...within };
  return { kind: 'statistics', statistics: await statisticsOf(stat), ...within };
}

async function positionsOf(
  field: LensField,
  { position, along }: QueryOptions,
): Promise<Float64Array | undefined> {
  if (position !== undefined) return await cornersOf(field, position);
  if (along === undefined) return undefined;
  const { pathBetween } = await loadSim();
  return pathBetween(field, await cornersOf(field, along.corners), along.count);
}

/** Two numbers are x and y, on a sphere longitude and latitude. */
async function cornersOf(field: LensField, corners: readonly Numbers[]): Promise<Float64Array> {
  const { directionsFrom } = await loadSim();
  const isSphere = field.topology.kind === 'sphere';
  return Float64Array.from(
    corners.flatMap(([x = 0, y = 0, z]) =>
      z === undefined && isSphere ? [...directionsFrom([[x, y]])] : [x, y, z ?? 0],
    ),
  );
}

async function statisticsOf(stat: readonly string[]): Promise<readonly Statistic[]> {
  const { isStatistic } = await loadSim();
  const known = stat.filter(isStatistic);
  if (known.length === stat.length) return known;
  throw usage(
    `There is no statistic ${stat.find((one) => !isStatistic(one))}: use min, max, mean, std, sum, count, missing, or a percentile like p95.`,
  );
}

function cornerOf(text: string): Numbers {
  const numbers = text.split(',').map(numberOf);
  if (numbers.length === 2 || numbers.length === 3) return numbers;
  throw new InvalidArgumentError(
    'Write x,y,z of a position; two numbers are x,y, and on a sphere longitude,latitude in degrees.',
  );
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError(`"${text}" is no number.`);
}

function usage(problem: string): Error {
  return failure('USAGE_INVALID', {
    problem,
    usage: 'stillpoint lens query --help shows how it is used.',
  });
}
