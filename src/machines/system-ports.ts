/**
 * The effects of a chart, kept apart from the chart: a machine is built once, and its actors find their ports through the actor system
 * that they belong to. An actor in a system without ports throws as soon as it uses one.
 */
export class SystemPorts<Ports extends object> {
  readonly #given = new WeakMap<object, Ports>();
  #default: Ports;

  /** `name`: whose ports these are, for the error when they are missing. */
  constructor(name: string) {
    this.#default = new Proxy({} as Ports, {
      get: (_none, port) => {
        throw new Error(
          `The port \`${String(port)}\` of the ${name} is missing: call provide() before the actor starts`,
        );
      },
    });
  }

  /** Gives ports to the actors of a system. To be called before its root is started. */
  provide(system: object, ports: Ports): void {
    this.#given.set(system, ports);
  }

  /** Gives ports to all other systems, for tools that compute transitions in systems of their own and run no effects. */
  provideDefault(ports: Ports): void {
    this.#default = ports;
  }

  /** The ports of the actors of a system. */
  readonly of = (system: object): Ports => this.#given.get(system) ?? this.#default;
}
