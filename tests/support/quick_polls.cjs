// The CDK CLI looks at a stack every five seconds. The local engine's stacks are done sooner.
const { setTimeout: wait } = globalThis;
const quick = (action, milliseconds, ...rest) => wait(action, milliseconds === 5000 ? 300 : milliseconds, ...rest);
globalThis.setTimeout = Object.defineProperties(quick, Object.getOwnPropertyDescriptors(wait));
