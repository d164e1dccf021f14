// Holds Kubernetes objects, JSON on stdin, against the published schemas: node tests/kubernetes.js DIRECTORY, into which npm has
// installed kubernetes-models. Strict: a field that no schema looks at is a mistake, too. Exit status 1 when there is one.
const path = require("path");
const objects = JSON.parse(require("fs").readFileSync(0, "utf8"));
let wrong = 0;

const say = (object, text) => {
  console.log(`${object.kind} ${object.metadata.name}: ${text}`);
  wrong++;
};

// What the validator reads of an object is what the schema knows.
function watched(value, seen, where) {
  if (value === null || typeof value !== "object") return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const key of Object.keys(value)) copy[key] = watched(value[key], seen, `${where}/${key}`);
  return new Proxy(copy, {
    get: (target, key) => {
      if (typeof key === "string") seen.add(`${where}/${key}`);
      return target[key];
    },
  });
}

function* fields(value, where) {
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value)) {
    yield `${where}/${key}`;
    yield* fields(value[key], `${where}/${key}`);
  }
}

for (const object of objects) {
  const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
  const file = path.resolve(process.argv[2], "node_modules/kubernetes-models/_schemas",
    `IoK8sApi${group ? group[0].toUpperCase() + group.slice(1) : "Core"}${version[0].toUpperCase()}${version.slice(1)}${object.kind}.js`);
  const { validate } = require(file);
  const seen = new Set();
  if (!validate(watched(object, seen, "")))
    for (const error of validate.errors) say(object, `${error.instancePath} ${error.keyword} ${JSON.stringify(error.params)}`);
  for (const field of fields(object, "")) if (!seen.has(field)) say(object, `${field}: there is no such field`);
}
if (objects.length === 0) wrong++;
process.exit(wrong ? 1 : 0);
