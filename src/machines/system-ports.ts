/**
 * What a chart may do to the world, kept apart from the chart: a machine is built once, and its actors find their ports through the
 * actor system that they belong to. In a system without ports, as diagrams and explorations have it, nothing is done.
 */
export class SystemPorts<Ports extends object> {
  readonly #idle: Ports;
  readonly #given = new WeakMap<object, Ports>();

  /** `idle`: ports that do nothing. */
  constructor(idle: Ports) {
    this.#idle = idle;
  }

  /** Gives ports to the actors of a system. To be called before its root is started. */
  provide(system: object, ports: Ports): void {
    this.#given.set(system, ports);
  }

  /** The ports of the actors of a system. */
  readonly of = (system: object): Ports => this.#given.get(system) ?? this.#idle;
}
