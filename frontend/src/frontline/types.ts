/** Shapes of the API (docs/frontline-api.md) and of what the phone keeps. */
export type Pair = [string, string];

export interface Task {
  id: number; number: string; revision: number; title: string; content: string; expectation: string;
  type: string; type_name: string; category: string; urgency: string; urgency_name: string;
  state: string; state_name: string; role: string; unit: string; from: string; instructions: string;
  mine: boolean; handler: string; due: string | null; owed: string; finish_due: string | null; created: string;
  address: string; division: string; division_code: string; latitude: number | null; longitude: number | null; citizen: boolean;
  steps: [string, boolean][]; next: string | null; visit: boolean; findings: Pair[]; may: string[];
  photos: { id: number; kind: string; at: string; name: string }[];
  messages: { id: number; at: string; title: string; by: string; text: string; pressing: boolean }[];
  contacts: { at: string; reached: boolean; text: string }[];
  asked: { unit: string; state: string; done: boolean; at: string; due: string | null; question: string; answer: string }[];
}

export interface Choice { id: number; name: string }

export interface Basis {
  person: Choice; units: Choice[]; ask: Choice[]; below: Choice[];
  reasons: Record<string, Pair[]>; demand_findings: Pair[]; plain: string[]; visits: Pair[]; methods: Pair[]; outcomes: Pair[];
}

/** What the server says somebody else did meanwhile. */
export interface Theirs { by?: string; at?: string; title?: string; text?: string; revision?: number }

export interface Item {
  seq?: number; client_id: string; verb: string; assignment: number; revision: number | null;
  at: string; offset: number | null; data: Record<string, unknown>; title: string; label: string; photo: boolean;
  state: "waiting" | "stale" | "refused"; said?: string; theirs?: Theirs; task?: Task | null;
}
