/**
 * Checks that the words by which programs tell what happened are explained: every problem type that the code can
 * answer with has its heading in docs/problems.md, and every reason of a condition, an Event or a refusal its row in
 * docs/api, docs/routes.md or docs/scaling.md.
 */
import { glob, readFile } from "node:fs/promises";
import { STATUS_CODES } from "node:http";
import { join } from "node:path";
import ts from "typescript";
import { controllers } from "./generated-page.ts";

const root = join(import.meta.dirname, "../..");

function programOf(controller: string): ts.Program {
  const path = join(root, "packages", controller, "tsconfig.json");
  const config = ts.readConfigFile(path, (file) => ts.sys.readFile(file)).config as unknown;
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, join(path, ".."));
  const own = fileNames.filter((file) => !file.endsWith(".test.ts"));
  return ts.createProgram(own, options);
}

/** The types of the problems that a program makes, wherever it makes them. */
function problemTypes(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  const isProblem = (node: ts.Expression): boolean =>
    checker.typeToString(checker.getTypeAtLocation(node)) === "Problem";
  return nodesOf(program).flatMap((node) => {
    if (ts.isNewExpression(node) && isProblem(node)) return typesOfProblem(node, checker);
    if (ts.isCallExpression(node) && isProblem(node)) return typesGivenTo(node, checker);
    return [];
  });
}

/** Of `new Problem(status, { type })`; a type that may be absent stands for the words of the status. */
function typesOfProblem(node: ts.NewExpression, checker: ts.TypeChecker): string[] {
  const [status, options] = node.arguments ?? [];
  const given = memberType(options, checker);
  const words =
    status && maybeAbsent(given) ? literalsOf(checker.getTypeAtLocation(status)).map(wordsOf) : [];
  return [...literalsOf(given), ...words];
}

/** Of a call of a function that makes a problem: what is given as its `type`, or as that of its options. */
function typesGivenTo(node: ts.CallExpression, checker: ts.TypeChecker): string[] {
  const parameters = checker.getResolvedSignature(node)?.declaration?.parameters.filter(ts.isParameter) ?? [];
  return parameters.flatMap(({ name, initializer }, index) => {
    const argument = node.arguments[index];
    if (name.getText() !== "type") return literalsOf(memberType(argument, checker));
    const given = argument ?? initializer;
    return literalsOf(given && checker.getTypeAtLocation(given));
  });
}

/** The type of the member `type` as it is written in an object literal; elsewhere it would be widened to string. */
function memberType(object: ts.Expression | undefined, checker: ts.TypeChecker): ts.Type | undefined {
  if (!object || !ts.isObjectLiteralExpression(object)) return undefined;
  const member = object.properties.find((property) => property.name?.getText() === "type");
  if (!member) return undefined;
  return checker.getTypeAtLocation(ts.isPropertyAssignment(member) ? member.initializer : member);
}

/** No problem is told by these: they say why the controller itself removed something. */
const internalReasons = ["RemovalReason"];

/** The members of every union whose name ends with "Reason". */
function reasons(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  return nodesOf(program)
    .filter(ts.isTypeAliasDeclaration)
    .filter(({ name }) => name.text.endsWith("Reason") && !internalReasons.includes(name.text))
    .flatMap((node) => literalsOf(checker.getTypeAtLocation(node)));
}

function nodesOf(program: ts.Program): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(join(root, "packages")));
  for (const file of own) visit(file);
  return nodes;
}

function literalsOf(type: ts.Type | undefined): string[] {
  const members = type?.isUnion() ? type.types : [type];
  return members.flatMap((member) => {
    if (member?.isStringLiteral()) return [member.value];
    return member?.isNumberLiteral() ? [String(member.value)] : [];
  });
}

function maybeAbsent(type: ts.Type | undefined): boolean {
  const members = type?.isUnion() ? type.types : [type];
  return members.some((member) => member === undefined || (member.flags & ts.TypeFlags.Undefined) !== 0);
}

function wordsOf(status: string): string {
  return (STATUS_CODES[status] ?? "").toLowerCase().replace(/[^a-z]+/g, "-");
}

async function pages(pattern: string): Promise<string> {
  const texts: string[] = [];
  for await (const path of glob(pattern, { cwd: root })) texts.push(await readFile(join(root, path), "utf8"));
  return texts.join("\n");
}

const programs = controllers.map(programOf);
const [problemPage, kindPages] = await Promise.all([
  pages("docs/problems.md"),
  pages("docs/{api/*,routes,scaling}.md"),
]);
const types = new Set(programs.flatMap(problemTypes));
const reasonNames = new Set(programs.flatMap(reasons));
const missing = [
  ...[...types]
    .filter((type) => !problemPage.includes(`\n## ${type}\n`))
    .map((type) => `docs/problems.md does not explain the problem type "${type}": expected "## ${type}"`),
  ...[...reasonNames]
    .filter((reason) => !kindPages.includes(`\`${reason}\``))
    .map(
      (reason) => `neither docs/api nor docs/routes.md nor docs/scaling.md explains the reason \`${reason}\``,
    ),
];
for (const line of missing) process.stderr.write(`${line}\n`);
process.exitCode = missing.length > 0 ? 1 : 0;
