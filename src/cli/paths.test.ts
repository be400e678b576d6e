import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPaths } from "./paths.ts";

test("without a home directory there are places only where variables name them", () => {
  const homeDirectory = undefined;
  assert.deepEqual(defaultPaths({ homeDirectory, environment: { XDG_CONFIG_HOME: "c" } }), {
    configFile: undefined,
    dataDirectory: undefined,
  });
  assert.deepEqual(defaultPaths({ homeDirectory, environment: { XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d" } }), {
    configFile: "/c/byway/byway.toml",
    dataDirectory: "/d/byway",
  });
});

test("paths follow the XDG variables, of which relative ones are ignored", () => {
  const homeDirectory = "/home/one";
  assert.deepEqual(defaultPaths({ homeDirectory, environment: {} }), {
    configFile: "/home/one/.config/byway/byway.toml",
    dataDirectory: "/home/one/.local/share/byway",
  });
  assert.deepEqual(defaultPaths({ homeDirectory, environment: { XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "d" } }), {
    configFile: "/c/byway/byway.toml",
    dataDirectory: "/home/one/.local/share/byway",
  });
});
