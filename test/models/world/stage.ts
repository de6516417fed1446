import type { MCPTransport } from '../../../src/index.js';
import type { Desk } from './desk.js';

/** The world that a transport leads to. */
export interface Stage extends AsyncDisposable {
  readonly transport: MCPTransport;
  /** The server dies, and nobody can reach it. Resolves when nobody can. */
  die(): Promise<void>;
  comeBack(): Promise<void>;
  /** What lies between ends every connection, and the server goes on. */
  drop(): Promise<void>;
  /** The server does not know the sessions any more that it gave out, if it gave any. */
  forget(): void;
  /** Connections that are open on the server's side. */
  readonly connections: number;
}

/** Builds the world. `changed` is to be called when a connection comes or goes. */
export type StageBuilder = (desk: Desk, changed: () => void) => Promise<Stage>;
