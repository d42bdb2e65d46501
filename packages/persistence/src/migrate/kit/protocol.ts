// What the planner asks its process, and what it answers: one line of JSON each.
import type { FoundExtension } from '../../registry/index.ts';
import type { Entity } from '../contract.ts';

/** How the kit is told what a new entity is: another one, renamed, or really new. */
export type Hint =
  | {
      readonly type: 'rename';
      readonly kind: string;
      readonly from: readonly string[];
      readonly to: readonly string[];
    }
  | { readonly type: 'create'; readonly kind: string; readonly entity: readonly string[] };

export interface OwnedEntity {
  readonly owner: string;
  readonly entity: Entity;
}

export type KitRequest =
  | { readonly kind: 'describe'; readonly found: readonly FoundExtension[] }
  | {
      readonly kind: 'difference';
      readonly from: readonly Entity[];
      readonly to: readonly Entity[];
      readonly hints: readonly Hint[];
    };

export type KitReply =
  | { readonly kind: 'described'; readonly entities: readonly OwnedEntity[] }
  | { readonly kind: 'statements'; readonly statements: readonly string[] }
  /** What it found was not answered by the hints. */
  | { readonly kind: 'questions'; readonly questions: readonly Question[] }
  /** `reason` undefined: the process is ending, and why was printed. */
  | {
      readonly kind: 'failed';
      readonly reason: string | undefined;
      /** What was being described: `table public.notes`. */
      readonly about: About | undefined;
    };

export interface About {
  readonly owner: string;
  readonly what: string;
}

export interface Question {
  readonly kind: string;
  readonly entity: readonly string[];
}

/** The version of the kit's JSON that this code was written for. */
export const entitiesVersion = '9';
