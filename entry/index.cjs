// What `import` and `require` of the package get. It is plain CommonJS without new syntax, so that any Node gets far enough to
// say that it is too old; the library itself would be a syntax error there.

const { runtime } = require("../package.json");

const own = process.versions.node;

/** Whether version `a` comes before `b`. A nightly or a release candidate counts as the release. */
function isBefore(a, b) {
  const left = a.split("-")[0].split(".").map(Number);
  const right = b.split("-")[0].split(".").map(Number);
  for (let part = 0; part < 3; part += 1) if (left[part] !== right[part]) return left[part] < right[part];
  return false;
}

if (isBefore(own, runtime.works)) {
  const error = new Error(
    `Byway's library needs Node ${runtime.works} or newer, and this is Node ${own}: run the program with node_modules/.bin/node, which npm installed with it`,
  );
  error.code = "ERR_RUNTIME";
  // Where in this file it was thrown helps nobody.
  error.stack = `${error.name}: ${error.message}`;
  throw error;
}

const library = require("../dist/index.js");

// `import` finds the names of a CommonJS module in its text: a test holds these to the library's.
exports.BywayError = library.BywayError;
exports.createAgent = library.createAgent;
exports.createClient = library.createClient;
exports.createConnector = library.createConnector;
exports.createDispatcher = library.createDispatcher;
exports.createFetch = library.createFetch;
exports.createNode = library.createNode;
exports.createSocket = library.createSocket;
exports.createTestnet = library.createTestnet;
exports.generateIdentity = library.generateIdentity;
exports.loadOrCreateIdentity = library.loadOrCreateIdentity;
exports.openGeo = library.openGeo;
exports.parseConstraints = library.parseConstraints;
exports.silentLogger = library.silentLogger;
