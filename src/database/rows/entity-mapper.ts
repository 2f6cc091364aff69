import sql, { join, raw, Sql } from "sql-template-tag";
import { type DataSource, DefaultNamingStrategy, type EntityMetadata } from "typeorm";
import { SUBCLASSES } from "../../entities/index.js";
import type { Dialect } from "./dialect.js";

/** A class of `entities/` with a table. Abstract if its rows become instances of subclasses. */
export type EntityClass<T extends object> = abstract new () => T;

/** Equality, null, or one of several values, on any of an entity's properties. */
export type Where<T> = { readonly [K in keyof T]?: T[K] | readonly T[K][] | null };

export type Raw = Record<string, unknown>;

/** `createdAt` is stored as `created_at`. */
export class SnakeCaseNaming extends DefaultNamingStrategy {
  override columnName(property: string, given: string): string {
    return given || property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}

/**
 * Columns that hold names from an enum. A condition has them in its text: SQLite uses a partial index, such as that of
 * waiting targets, only if it finds the index's condition there.
 */
const ENUMERATED: ReadonlySet<string> = new Set(["phase"]);

/** INSERT texts are cached for up to this many rows: enough for promotions and their events. */
const MAX_CACHED_INSERT_ROWS = 64;

interface MappedColumn {
  readonly property: string;
  readonly name: string;
  readonly read: ((value: unknown) => unknown) | null;
  readonly write: ((value: unknown) => unknown) | null;
  /** Whether the database assigns the value. */
  readonly generated: boolean;
}

/**
 * How rows of an entity are read and written, derived once from its TypeORM metadata. Replaces TypeORM's own hydration,
 * which takes more than ten times as long for the few columns of a row (see docs/performance.md).
 */
export class Table<T extends object> {
  readonly name: string;
  /** The primary key column; the first if there are several. */
  readonly key: string;
  /** The columns of the alias `e`, as a select list. */
  readonly select: Sql;
  readonly #columns: readonly MappedColumn[];
  readonly #inserted: readonly MappedColumn[];
  readonly #byProperty: ReadonlyMap<string, MappedColumn>;
  readonly #findClass: (row: Raw) => new () => T;
  readonly #inserts = new Map<number, readonly string[]>();

  constructor(metadata: EntityMetadata) {
    this.name = metadata.tableName;
    this.key = metadata.primaryColumns[0]?.databaseName ?? "id";
    this.#columns = metadata.columns.map((column) => ({
      property: column.propertyName,
      name: column.databaseName,
      generated: !column.isInsert,
      ...createCodec(column.type, column.transformer),
    }));
    this.#inserted = this.#columns.filter((column) => !column.generated);
    this.#byProperty = new Map(this.#columns.map((column) => [column.property, column]));
    this.select = raw(this.#columns.map((column) => `e."${column.name}"`).join(", "));
    const target = metadata.target as new () => T;
    this.#findClass = (SUBCLASSES.get(target) as ((row: Raw) => new () => T) | undefined) ?? (() => target);
  }

  /** Converts a row of the database to an instance of its class. */
  fromRow(row: Raw): T {
    const Class = this.#findClass(row);
    const entity = new Class() as Raw;
    for (const { property, name, read } of this.#columns) {
      const value = row[name] ?? null;
      entity[property] = read === null || value === null ? value : read(value);
    }
    return entity as T;
  }

  /** Converts an instance to a row, from which `fromRow` creates it again, without what the database assigns. */
  toRow(entity: T): Raw {
    return Object.fromEntries(
      this.#inserted.map((column) => [column.name, write(column, (entity as Raw)[column.property])]),
    );
  }

  /** The quoted name of the column of a property. */
  column(property: string): string {
    const column = this.#byProperty.get(property);
    if (column === undefined) throw new Error(`${this.name} has no column for the property ${property}.`);
    return `"${column.name}"`;
  }

  where(where: Where<T>, dialect: Dialect): Sql[] {
    return Object.entries(where).map(([property, value]) => {
      const column = raw(`e.${this.column(property)}`);
      if (value === undefined)
        throw new Error(`${this.name}.${property} must not be undefined in a condition; use null for IS NULL.`);
      if (value === null) return sql`${column} IS NULL`;
      const mapped = this.#byProperty.get(property) as MappedColumn;
      if (Array.isArray(value))
        return dialect.oneOf(
          column,
          value.map((one) => write(mapped, one)),
        );
      if (ENUMERATED.has(mapped.name) && isEnumName(value)) return sql`${column} = ${raw(`'${value}'`)}`;
      return sql`${column} = ${write(mapped, value)}`;
    });
  }

  insert(entities: readonly T[]): Sql {
    const values: unknown[] = [];
    for (const entity of entities) {
      for (const column of this.#inserted) values.push(write(column, (entity as Raw)[column.property]));
    }
    return new Sql(this.#insertStrings(entities.length), values);
  }

  /** The text between the values of an INSERT of this many rows, as the strings of a template. */
  #insertStrings(rows: number): readonly string[] {
    const known = this.#inserts.get(rows);
    if (known !== undefined) return known;
    const names = this.#inserted.map((column) => `"${column.name}"`).join(", ");
    const between = Array<string>(this.#inserted.length - 1).fill(",");
    const strings = [`INSERT INTO ${this.name} (${names}) VALUES (`, ...between];
    for (let row = 1; row < rows; row++) strings.push("),(", ...between);
    strings.push(")");
    if (rows <= MAX_CACHED_INSERT_ROWS) this.#inserts.set(rows, strings);
    return strings;
  }

  /** The most rows of one INSERT: SQLite allows 32,766 parameters in a statement, PostgreSQL 65,535. */
  get rowsPerInsert(): number {
    return Math.floor(32_766 / this.#inserted.length);
  }

  set(patch: Partial<T>): Sql {
    const assignments = Object.entries(patch).map(([property, value]) => {
      const column = this.#byProperty.get(property);
      if (column === undefined) throw new Error(`${this.name} has no column for the property ${property}.`);
      return sql`"${raw(column.name)}" = ${write(column, value)}`;
    });
    return join(assignments);
  }
}

/** The tables of a database, by the classes of their rows. */
export class Tables {
  readonly #tables = new Map<unknown, Table<never>>();

  constructor(dataSource: DataSource) {
    for (const metadata of dataSource.entityMetadatas) this.#tables.set(metadata.target, new Table(metadata));
  }

  /** The names of all tables. */
  get names(): readonly string[] {
    return [...this.#tables.values()].map((table) => table.name);
  }

  of<T extends object>(entity: EntityClass<T>): Table<T> {
    const table = this.#tables.get(entity);
    if (table === undefined) throw new Error(`${entity.name} has no table.`);
    return table as unknown as Table<T>;
  }
}

function isEnumName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Z_]+$/.test(value);
}

function write(column: MappedColumn, value: unknown): unknown {
  if (value === undefined) throw new Error(`The column ${column.name} must have a value; it is undefined.`);
  return value === null || column.write === null ? value : column.write(value);
}

function createCodec(type: unknown, transformer: unknown): Pick<MappedColumn, "read" | "write"> {
  if (type === "boolean") return { read: (value) => value === true || value === 1, write: null };
  if (type === "simple-json") return { read: (value) => JSON.parse(value as string), write: JSON.stringify };
  if (transformer !== undefined) {
    const { from, to } = transformer as { from: (value: unknown) => unknown; to: (value: unknown) => unknown };
    return { read: from, write: to };
  }
  return { read: null, write: null };
}
